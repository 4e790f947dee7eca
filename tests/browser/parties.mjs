// A watch party: two pages, which a third member holds back, show the same moment. Usage: node
// parties.mjs SERVER_PROGRAM WEB_DIR.
import assert from 'node:assert/strict';
import { onStage, problemsOf, sleep, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);
const kApartMs = 100;

/** The moment of the stream that stands on the screen at that of the wall clock, from the last picture shown. */
const watchPictures = () => {
  const video = document.getElementById('video');
  window.shown = [];
  const note = (_, { mediaTime, expectedDisplayTime }) => {
    window.shown.push({ at: performance.timeOrigin + expectedDisplayTime, media: mediaTime * 1000 });
    if (window.shown.length > 600) window.shown.shift();
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
};

/** How far behind the wall clock the pictures of the last seconds were, the middle of all. */
const behind = (pictures, sinceMs) => {
  const all = pictures.filter(({ at }) => at > sinceMs).map(({ at, media }) => at - media).sort((a, b) => a - b);
  return all[all.length >> 1];
};

await onStage(async (stage) => {
  const { port, session, token } = await stage.serve(program, [web]);
  const root = `http://127.0.0.1:${port}`;
  const context = await stage.browser(['--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows']);
  const pages = [await context.newPage(), await context.newPage()];
  const problems = pages.map(problemsOf);
  await pages[0].addInitScript((value) => sessionStorage.setItem('troupe.token', value), token);
  await pages[0].goto(`${root}/live.html?id=${session}`);
  await until(pages[0], () => !document.getElementById('start-party').hidden);
  await pages[0].click('#start-party');
  await pages[0].waitForURL(/party=/);
  const path = new URL(pages[0].url()).pathname + new URL(pages[0].url()).search;
  for (const page of pages) {
    await page.goto(root + path);
    await until(page, () => document.getElementById('video').currentTime > 0.5, null, 20);
    await page.evaluate(watchPictures);
  }
  await until(pages[0], () => document.getElementById('party').textContent.includes('2'), null, 5);

  // A third member needs 0.7 s more than these do.
  await pages[0].evaluate(() => {
    const query = new URLSearchParams(location.search);
    const third = new WebSocket(`ws://${location.host}/live/${query.get('id')}/ws?party=${query.get('party')}`);
    let behind = null;
    third.onmessage = ({ data }) => {
      if (typeof data !== 'string') return;
      const message = JSON.parse(data);
      if (message.type === 'party' && message.target_ms !== null && behind === null) {
        behind = message.target_ms + 700;
        third.send(JSON.stringify({ type: 'pace', epoch: message.epoch, behind_ms: behind }));
      }
    };
    window.third = third;
  });

  let apart = Infinity;
  for (let i = 0; i < 25 && Math.abs(apart) > kApartMs / 2; ++i) {
    await sleep(1000);
    const since = Date.now() - 1000;
    const [a, b] = await Promise.all(pages.map((page) => page.evaluate(() => window.shown)));
    const now = behind(a, since) - behind(b, since);
    if (!Number.isNaN(now)) apart = now;
  }
  // And stays there. A busy machine may show a page nothing for a second, which says nothing.
  const seen = [];
  for (let i = 0; i < 15 && seen.length < 5; ++i) {
    await sleep(1000);
    const since = Date.now() - 1000;
    const [a, b] = await Promise.all(pages.map((page) => page.evaluate(() => window.shown)));
    const difference = Math.round(behind(a, since) - behind(b, since));
    if (!Number.isNaN(difference)) seen.push(difference);
  }
  assert.equal(seen.length, 5, 'both pages show pictures');
  const sorted = seen.map(Math.abs).sort((a, b) => a - b);
  assert.ok(sorted[2] <= kApartMs, `apart by ${seen} ms`);
  const latency = await pages[0].evaluate(() => parseFloat(document.getElementById('latency').textContent));
  assert.ok(latency > 0.6, `they wait for the third: ${latency} s behind live`);
  assert.deepEqual(problems, [[], []]);
  console.log(`ok: apart by ${seen.join(', ')} ms, ${latency} s behind live`);
});
