// The bar below the picture: how far back one may go, a thumbnail of what was there, and the way back to live.

const kListMs = 5_000;
const kLiveS = 2;  // nearer to the end than this is live

const text = (seconds) => (seconds < kLiveS ? 'Live' : `−${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`);

/** `nowMs()` is the server's clock, or null; `get(path)` fetches with the viewer's token; `go(wallMs)` plays from there,
 * null: live. */
export function rewindBar({ bar, range, preview, label, button }, id, { nowMs, get, go }) {
  let times = [];
  let shown = null;
  let wanted = 0;

  async function list() {
    if (!document.hidden) {
      const reply = await get(`/api/v1/live/${encodeURIComponent(id)}/thumbnails`).catch(() => null);
      times = reply?.ok ? (await reply.json()).items.map((item) => item.t_ms) : [];
    }
    const now = nowMs();
    bar.hidden = times.length === 0 || now === null;
    if (!bar.hidden) range.min = String(-Math.max(kLiveS, Math.floor((now - times[0]) / 1000)));
  }

  /** Shows what was there `back` seconds ago. */
  async function show(back) {
    label.textContent = text(back);
    const now = nowMs();
    if (now === null || times.length === 0) return;
    const at = now - back * 1000;
    const time = times.findLast((one) => one <= at) ?? times[0];
    const share = 1 - back / -Number(range.min);
    preview.style.left = `${Math.min(100, Math.max(0, share * 100))}%`;
    preview.hidden = false;
    if (time === shown) return;
    shown = time;
    const mine = ++wanted;
    const reply = await get(`/api/v1/live/${encodeURIComponent(id)}/thumbnails?t=${time}`).catch(() => null);
    if (!reply?.ok) return;
    const picture = await createImageBitmap(await reply.blob());
    if (mine !== wanted) return;
    preview.width = picture.width;
    preview.height = picture.height;
    preview.getContext('2d').drawImage(picture, 0, 0);
  }

  function hide() {
    preview.hidden = true;
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
