// The list of matches, running ones first within a page, refreshed while the tab is visible.
import { CursorList } from './cursor_list.js';

new CursorList({
  path: '/api/v1/matches',
  list: document.getElementById('matches'),
  status: document.getElementById('status'),
  more: document.getElementById('more'),
  empty: 'No match yet. POST /api/v1/matches makes one.',
  first: (match) => match.state === 'running',
  row: (match) => ({
    href: `/match.html?id=${encodeURIComponent(match.id)}`,
    title: `${match.game} ${match.id.slice(-6)}`,
    state: match.state === 'running' ? 'live' : match.state,
    facts: `${match.players} of ${match.max_players} players`,
  }),
}).start();

/** The queues of games that can be played here, for who has a token. */
async function showModes() {
  const token = sessionStorage.getItem('troupe.token');
  if (!token) return;
  const response = await fetch('/api/v1/matchmaking', { headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) return;
  const { items } = await response.json();
  const rows = items.filter(({ game }) => game === 'arena').map(({ mode, teams, team_size: size, waiting }) => {
    const row = document.createElement('li'), link = document.createElement('a'), name = document.createElement('strong');
    link.href = `/play.html?mode=${encodeURIComponent(mode)}`;
    name.textContent = mode;
    link.append(name, `${teams} × ${size}, ${waiting} waiting`);
    row.append(link);
    return row;
  });
  document.getElementById('modes').replaceChildren(...rows);
  document.getElementById('find').hidden = rows.length === 0;
}

showModes().catch(() => { /* the list of matches says what is wrong */ });
