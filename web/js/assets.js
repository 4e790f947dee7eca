// The list of assets, newest first, refreshed while the tab is visible.
import { clockText } from './asset_player.js';
import { CursorList } from './cursor_list.js';

new CursorList({
  path: '/api/v1/assets',
  list: document.getElementById('assets'),
  status: document.getElementById('status'),
  more: document.getElementById('more'),
  empty: 'Nothing here yet. A live session that is recorded whole becomes one when it ends.',
  first: () => false,
  row: (asset) => ({
    href: `/asset.html?id=${encodeURIComponent(asset.id)}`,
    title: asset.title,
    state: asset.state,
    facts: [asset.state === 'ready' && clockText(asset.seconds), new Date(asset.created_ms).toLocaleString(),
      asset.visibility !== 'public' && asset.visibility].filter(Boolean).join(', '),
  }),
}).start();
