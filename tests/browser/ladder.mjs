// Renditions in a real browser: the page's quality menu, hls.js and shaka-player switch, and none of them stalls for it;
// m3u8-parser and mpd-parser read what is offered. Usage: node ladder.mjs SERVER_PROGRAM WEB_DIR.
import assert from 'node:assert/strict';
import m3u8 from 'm3u8-parser';
import { parse as parseMpd } from 'mpd-parser';
import { openPlayer, watch } from './library_player.mjs';
import { onStage, problemsOf, sleep, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);
const kSmall = '180p';
let context;

const height = () => document.getElementById('video').videoHeight;

async function readTexts(root, session) {
  const main = await (await fetch(`${root}/live/${session}/index.m3u8`)).text();
  const parser = new m3u8.Parser();
  parser.push(main);
  parser.end();
  const heights = parser.manifest.playlists.map((one) => one.attributes.RESOLUTION?.height ?? 0);
  assert.deepEqual(heights, [720, 180, 0]);
  const dash = await fetch(`${root}/live/${session}/manifest.mpd`);
  const mpd = parseMpd(await dash.text(), { manifestUri: dash.url });
  assert.deepEqual(mpd.playlists.map((one) => one.attributes.RESOLUTION.height).sort((a, b) => a - b), [180, 720]);
  for (const one of mpd.playlists) assert.ok(one.segments.length >= 1);
}

/** Goes to the small picture and back; returns the stalls meanwhile. */
async function toAndFro(page, toSmall, toLarge) {
  const before = await page.evaluate(() => window.seen.stalls);
  await page.evaluate(toSmall);
  await until(page, () => document.getElementById('video').videoHeight === 180, null, 20);
  const at = await page.evaluate(() => document.getElementById('video').currentTime);
  await until(page, (from) => document.getElementById('video').currentTime > from + 2, at);
  await page.evaluate(toLarge);
  await until(page, () => document.getElementById('video').videoHeight === 720, null, 20);
  const seen = await page.evaluate(() => window.seen);
  assert.deepEqual(seen.errors, []);
  return seen.stalls - before;
}

async function hls(root, session) {
  const page = await openPlayer(context, root, 'hls.js/dist/hls.min.js', `
    window.hls = new Hls({ lowLatencyMode: true });
    hls.on(Hls.Events.ERROR, (event, data) => { if (data.fatal) window.seen.errors.push(data.details); });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      hls.currentLevel = hls.levels.findIndex((one) => one.height === 720);
    });
    hls.loadSource('/live/${session}/index.m3u8');
    hls.attachMedia(video);`);
  await watch(page, 1);
  const stalls = await toAndFro(page,
    () => { window.hls.nextLevel = window.hls.levels.findIndex((one) => one.height === 180); },
    () => { window.hls.nextLevel = window.hls.levels.findIndex((one) => one.height === 720); });
  await page.close();
  return stalls;
}

async function dash(root, session) {
  const page = await openPlayer(context, root, 'shaka-player/dist/shaka-player.compiled.js', `
    shaka.polyfill.installAll();
    window.player = new shaka.Player();
    player.configure({ abr: { enabled: false } });
    player.addEventListener('error', (event) => window.seen.errors.push(event.detail.code + ' ' + event.detail.data.slice(0, 2).join(' ')));
    window.pick = (height) => player.selectVariantTrack(player.getVariantTracks().find((one) => one.height === height), true, 1);
    player.attach(video).then(() => player.load('/live/${session}/manifest.mpd')).then(() => pick(720))
      .catch((error) => window.seen.errors.push(String(error.code)));`);
  await watch(page, 1);
  const stalls = await toAndFro(page, () => window.pick(180), () => window.pick(720));
  await page.close();
  return stalls;
}

async function livePage(root, session) {
  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(`${root}/live.html?id=${session}`);
  await until(page, () => document.getElementById('video').currentTime > 0.5, null, 20);
  await until(page, () => document.getElementById('quality').options.length === 3);
  for (const [value, expected] of [[kSmall, 180], ['published', 720], ['auto', 720]]) {
    await page.selectOption('#quality', value);
    await until(page, (wanted) => document.getElementById('video').videoHeight === wanted, expected, 20);
    const at = await page.evaluate(() => document.getElementById('video').currentTime);
    await until(page, (from) => document.getElementById('video').currentTime > from + 1.5, at);
  }
  await goBack(page);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  assert.deepEqual(problems, []);
  await page.close();
}

/** The bar shows what was there, plays from there on, and leads to live again. */
async function goBack(page) {
  await until(page, () => !document.getElementById('rewind-bar').hidden && Number(document.getElementById('rewind').min) <= -8, null, 20);
  const box = await page.locator('#rewind').boundingBox();
  await page.mouse.move(box.x + box.width / 3, box.y + box.height / 2);
  await until(page, () => !document.getElementById('preview').hidden && document.getElementById('preview').width === 320);
  await page.mouse.move(0, 0);
  await page.evaluate(() => {
    const range = document.getElementById('rewind');
    range.value = '-8';
    range.dispatchEvent(new Event('change'));
  });
  const behind = () => parseFloat(document.getElementById('latency').textContent);
  await until(page, () => parseFloat(document.getElementById('latency').textContent) > 6, null, 10);
  const at = await page.evaluate(() => document.getElementById('video').currentTime);
  await until(page, (from) => document.getElementById('video').currentTime > from + 2, at);
  const rewound = await page.evaluate(behind);
  assert.ok(rewound > 6 && rewound < 11, `${rewound} s behind live after going back 8 s`);
  await page.click('#to-live');
  await until(page, () => parseFloat(document.getElementById('latency').textContent) < 3, null, 10);
  const then = await page.evaluate(() => document.getElementById('video').currentTime);
  await until(page, (from) => document.getElementById('video').currentTime > from + 1, then);
}

await onStage(async (stage) => {
  const { port, session } = await stage.serve(program, [web, `${kSmall}:300k`]);
  const root = `http://127.0.0.1:${port}`;
  context = await stage.browser();
  for (let i = 0; ; ++i) {
    const manifest = await fetch(`${root}/live/${session}/manifest.mpd`);
    if (manifest.status === 200 && (await manifest.text()).split('<S ').length > 12) break;
    assert.ok(i < 300, 'no window within 30 s');
    await sleep(100);
  }
  await readTexts(root, session);
  await livePage(root, session);
  const stalls = { hls: await hls(root, session), dash: await dash(root, session) };
  console.log(`ok: stalls while switching: hls.js ${stalls.hls}, shaka-player ${stalls.dash}`);
});
