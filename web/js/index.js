// The list of sessions, live ones first within a page, refreshed while the tab is visible.
const list = document.getElementById('sessions');
const status = document.getElementById('status');
const more = document.getElementById('more');
const kRefreshMs = 3000;
let older = [];
let cursor = null;

async function page(after) {
  const token = sessionStorage.getItem('troupe.token');
  const response = await fetch(`/api/v1/live?limit=50${after ? `&cursor=${after}` : ''}`,
    token ? { headers: { Authorization: `Bearer ${token}` } } : {});
  if (!response.ok) throw new Error((await response.json()).detail || response.statusText);
  return response.json();
}

function row(session) {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = `/live.html?id=${encodeURIComponent(session.id)}`;
  const title = document.createElement('strong');
  title.textContent = session.title;
  const badge = document.createElement('span');
  badge.className = 'badge';
  badge.dataset.state = session.state;
  badge.textContent = session.state;
  const facts = document.createElement('span');
  facts.className = 'quiet';
  facts.textContent = ` ${session.viewers} ${session.viewers === 1 ? 'viewer' : 'viewers'}`;
  link.append(title, badge, facts);
  item.append(link);
  return item;
}

async function refresh() {
  if (document.hidden) return;
  try {
    const first = await page(null);
    if (older.length === 0) cursor = first.next_cursor;
    const seen = new Set(first.items.map((session) => session.id));
    const all = [...first.items, ...older.filter((session) => !seen.has(session.id))];
    all.sort((a, b) => (b.state === 'live') - (a.state === 'live'));
    list.replaceChildren(...all.map(row));
    status.textContent = all.length === 0 ? 'Nothing here yet. POST /api/v1/live makes a session.' : '';
    more.hidden = cursor === null;
  } catch (error) {
    status.textContent = `Cannot load the list: ${error.message}`;
  }
}

more.addEventListener('click', async () => {
  const next = await page(cursor);
  older = older.concat(next.items);
  cursor = next.next_cursor;
  refresh();
});
refresh();
setInterval(refresh, kRefreshMs);
