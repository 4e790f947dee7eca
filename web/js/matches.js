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
