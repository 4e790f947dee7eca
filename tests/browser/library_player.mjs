// Players of other makers in a page of their own.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep, until } from './stage.mjs';

const modules = fileURLToPath(new URL('node_modules/', import.meta.url));

/** A page with one library and a video element; stalls and errors are counted in `window.seen`. */
export async function openPlayer(context, root, library, script) {
  const page = await context.newPage();
  await page.route(`${root}/library.js`, async (route) => route.fulfill({
    contentType: 'text/javascript', body: await readFile(join(modules, library)) }));
  await page.route(`${root}/player.html`, (route) => route.fulfill({
    contentType: 'text/html',
    body: `<!doctype html><title>player</title><video id="video" muted autoplay width="640" height="360"></video>
      <script src="/library.js"></script><script>
      window.seen = { stalls: 0, errors: [] };
      const video = document.getElementById('video');
      let playing = false;
      video.addEventListener('playing', () => { playing = true; });
      video.addEventListener('seeking', () => { playing = false; });
      video.addEventListener('waiting', () => { if (playing) window.seen.stalls += 1; });
      video.addEventListener('error', () => window.seen.errors.push(String(video.error && video.error.message)));
      ${script}</script>` }));
  await page.goto(`${root}/player.html`);
  return page;
}

/** Plays on; returns what was seen: stalls, errors, and how far `currentTime` went. */
export async function watch(page, seconds) {
  await until(page, () => document.getElementById('video').currentTime > 0.3 && !document.getElementById('video').paused);
  await sleep(1500); // players settle at their distance to live
  const before = await page.evaluate(() => ({ time: document.getElementById('video').currentTime, ...window.seen }));
  await sleep(seconds * 1000);
  const after = await page.evaluate(() => ({ time: document.getElementById('video').currentTime, ...window.seen }));
  return { stalls: after.stalls - before.stalls, errors: after.errors, advanced: after.time - before.time };
}
