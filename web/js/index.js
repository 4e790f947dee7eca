// The list of sessions, live ones first within a page, refreshed while the tab is visible.
import { CursorList } from './cursor_list.js';

new CursorList({
  path: '/api/v1/live',
  list: document.getElementById('sessions'),
  status: document.getElementById('status'),
  more: document.getElementById('more'),
  empty: 'Nothing here yet. POST /api/v1/live makes a session.',
  first: (session) => session.state === 'live',
  row: (session) => ({
    href: session.asset ? `/asset.html?id=${encodeURIComponent(session.asset)}`
      : `/live.html?id=${encodeURIComponent(session.id)}`,
    title: session.title,
    state: session.state,
    facts: `${session.viewers} ${session.viewers === 1 ? 'viewer' : 'viewers'}`,
  }),
}).start();
