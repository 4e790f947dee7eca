// A list that the API gives by pages: the first page is refreshed while the tab is visible, older ones come on demand.

const kRefreshMs = 3000;
const kPage = 50;

export class CursorList {
  /** `row(item)` gives {href, title, state, facts}; items for which `first(item)` holds stand before the others. */
  constructor({ path, list, status, more, empty, first, row }) {
    Object.assign(this, { path, list, status, more, empty, first, row });
    this.older = [];
    this.cursor = null;
    more.addEventListener('click', () => this.extend());
  }

  start() {
    this.refresh();
    setInterval(() => this.refresh(), kRefreshMs);
  }

  async page(after) {
    const token = sessionStorage.getItem('troupe.token');
    const response = await fetch(`${this.path}?limit=${kPage}${after ? `&cursor=${after}` : ''}`,
      token ? { headers: { Authorization: `Bearer ${token}` } } : {});
    if (!response.ok) throw new Error((await response.json()).detail || response.statusText);
    return response.json();
  }

  async refresh() {
    if (document.hidden) return;
    try {
      const newest = await this.page(null);
      if (this.older.length === 0) this.cursor = newest.next_cursor;
      const seen = new Set(newest.items.map((item) => item.id));
      const all = [...newest.items, ...this.older.filter((item) => !seen.has(item.id))];
      all.sort((a, b) => this.first(b) - this.first(a));
      const focused = this.list.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
      this.list.replaceChildren(...all.map((item) => this.element(item)));
      if (focused !== null) {
        [...this.list.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus({ preventScroll: true });
      }
      this.status.textContent = all.length === 0 ? this.empty : '';
      this.more.hidden = this.cursor === null;
    } catch (error) {
      this.status.textContent = `Cannot load the list: ${error.message}`;
    }
  }

  async extend() {
    const next = await this.page(this.cursor);
    this.older = this.older.concat(next.items);
    this.cursor = next.next_cursor;
    this.refresh();
  }

  element(item) {
    const { href, title, state, facts } = this.row(item);
    const link = document.createElement('a');
    link.href = href;
    const name = document.createElement('strong');
    name.textContent = title;
    const badge = document.createElement('span');
    badge.className = 'badge';
    badge.dataset.state = state;
    badge.textContent = state;
    const rest = document.createElement('span');
    rest.className = 'quiet';
    rest.textContent = ` ${facts}`;
    link.append(name, badge, rest);
    const out = document.createElement('li');
    out.append(link);
    return out;
  }
}
