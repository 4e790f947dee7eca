// The bar below the picture: how far back one may go, a thumbnail of what was there, and the way back to live.

import { readCues, thumbnailMs } from './cue_file.js';
import { Preview } from './preview.js';

const kListMs = 5_000;
const kRecordedEvery = 6;  // of the lists: what is recorded changes slowly
const kLiveS = 2;  // nearer to the end than this is live

const text = (seconds) => (seconds < kLiveS ? 'Live' : `−${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`);

/** `nowMs()` is the server's clock, or null; `get(path)` fetches with the viewer's token; `go(wallMs)` plays from there,
 * null: live. */
export function rewindBar({ bar, range, preview: canvas, label, button }, id, { nowMs, get, go }) {
  const root = `/api/v1/live/${encodeURIComponent(id)}`;
  let pictures = [];  // [{ms, path}], oldest first
  let recorded = [];
  let lists = 0;
  const preview = new Preview(canvas, get);

  /** What is only on disk any more. */
  async function listRecorded() {
    const session = await get(root).then((reply) => reply.json()).catch(() => ({}));
    if ((session.record ?? 'off') === 'off') return;
    const reply = await get(`${root}/recordings/thumbnails.vtt`).catch(() => null);
    recorded = reply?.ok ? readCues(await reply.text())
      .map(({ text: name }) => ({ ms: thumbnailMs(name), path: `${root}/recordings/${name}` })) : [];
  }

  async function list() {
    if (!document.hidden) {
      if (lists++ % kRecordedEvery === 0) await listRecorded();
      const reply = await get(`${root}/thumbnails`).catch(() => null);
      const live = reply?.ok ? (await reply.json()).items.map(({ t_ms: ms }) => ({ ms, path: `${root}/thumbnails?t=${ms}` })) : [];
      pictures = live.length === 0 ? [] : [...recorded.filter(({ ms }) => ms < live[0].ms - 500), ...live];
    }
    const now = nowMs();
    bar.hidden = pictures.length === 0 || now === null;
    if (!bar.hidden) range.min = String(-Math.max(kLiveS, Math.floor((now - pictures[0].ms) / 1000)));
  }

  /** Shows what was there `back` seconds ago. */
  function show(back) {
    label.textContent = text(back);
    const now = nowMs();
    if (now === null || pictures.length === 0) return;
    const { path } = pictures.findLast(({ ms }) => ms <= now - back * 1000) ?? pictures[0];
    preview.show(1 - back / -Number(range.min), path);
  }

  function hide() {
    preview.hide();
    label.textContent = text(-Number(range.value));
  }

  function live() {
    range.value = '0';
    range.setAttribute('aria-valuetext', 'Live');
    label.textContent = 'Live';
    button.hidden = true;
  }

  range.addEventListener('pointermove', (event) => {
    const box = range.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    show((1 - share) * -Number(range.min));
  });
  range.addEventListener('pointerleave', hide);
  range.addEventListener('blur', hide);
  range.addEventListener('input', () => {
    range.setAttribute('aria-valuetext', text(-Number(range.value)));
    show(-Number(range.value));
  });
  range.addEventListener('change', () => {
    const back = -Number(range.value);
    const now = nowMs();
    hide();
    if (back < kLiveS || now === null) {
      live();
      go(null);
      return;
    }
    button.hidden = false;
    go(now - back * 1000);
  });
  button.addEventListener('click', () => {
    live();
    go(null);
  });
  let timer = null;
  return {
    live,
    /** From here on the server has thumbnails. */
    start() {
      timer ??= setInterval(list, kListMs);
      list();
    },
  };
}
