// LL-HLS in hls.js and DASH in shaka-player, in a real browser: both play without a stall, stay near live, and go back in
// the window; the texts are read by m3u8-parser and mpd-parser too. Usage: node players.mjs SERVER_PROGRAM WEB_DIR.
// PLAY_SECONDS says how long each plays (8).
import assert from 'node:assert/strict';
import m3u8 from 'm3u8-parser';
import { parse as parseMpd } from 'mpd-parser';
import { openPlayer, watch } from './library_player.mjs';
import { onStage, sleep, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);
const playSeconds = Number(process.env.PLAY_SECONDS ?? 8);
let context;

async function playHls(root, session) {
  const page = await openPlayer(context, root, 'hls.js/dist/hls.min.js', `
    window.hls = new Hls({ lowLatencyMode: true });
    hls.on(Hls.Events.ERROR, (event, data) => { if (data.fatal) window.seen.errors.push(data.details); });
    hls.loadSource('/live/${session}/index.m3u8');
    hls.attachMedia(video);`);
  const seen = await watch(page, playSeconds);
  const latency = await page.evaluate(() => window.hls.latency);
  assert.deepEqual(seen.errors, []);
  assert.equal(seen.stalls, 0, 'hls.js stalled');
  assert.ok(seen.advanced > playSeconds * 0.9, `advanced ${seen.advanced} s in ${playSeconds} s`);
  assert.ok(latency > 0 && latency < 2.5, `hls.js is ${latency} s behind live`);
  // Back in the window.
  await page.evaluate(() => {
    const video = document.getElementById('video');
    video.currentTime = video.seekable.start(0) + 0.5;
  });
  const at = await page.evaluate(() => document.getElementById('video').currentTime);
  await until(page, (from) => document.getElementById('video').currentTime > from + 1, at);
  await page.close();
  return latency;
}

async function playDash(root, session) {
  const page = await openPlayer(context, root, 'shaka-player/dist/shaka-player.compiled.js', `
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    player.addEventListener('error', (event) => window.seen.errors.push(event.detail.code + ' ' + event.detail.data.slice(0, 2).join(' ')));
    player.attach(video).then(() => player.load('/live/${session}/manifest.mpd'))
      .catch((error) => window.seen.errors.push(String(error.code)));
    window.player = player;`);
  const seen = await watch(page, playSeconds);
  assert.deepEqual(seen.errors, []);
  assert.equal(seen.stalls, 0, 'shaka-player stalled');
  assert.ok(seen.advanced > playSeconds * 0.9, `advanced ${seen.advanced} s in ${playSeconds} s`);
  const range = await page.evaluate(() => window.player.seekRange());
  await page.evaluate((start) => { document.getElementById('video').currentTime = start + 0.5; }, range.start);
  await until(page, (from) => document.getElementById('video').currentTime > from + 1, range.start + 0.5);
  await page.close();
}

/** DASH with low latency: the segment under way is played while it comes. */
async function playLowLatencyDash(root, session) {
  const page = await openPlayer(context, root, 'shaka-player/dist/shaka-player.compiled.js', `
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    player.configure({ streaming: { lowLatencyMode: true } });
    player.addEventListener('error', (event) => window.seen.errors.push(event.detail.code + ' ' + event.detail.data.slice(0, 2).join(' ')));
    player.attach(video).then(() => player.load('/live/${session}/low-latency.mpd'))
      .catch((error) => window.seen.errors.push(String(error.code)));
    window.player = player;`);
  const seen = await watch(page, playSeconds);
  assert.deepEqual(seen.errors, []);
  assert.equal(seen.stalls, 0, 'shaka-player stalled in low latency');
  assert.ok(seen.advanced > playSeconds * 0.9, `advanced ${seen.advanced} s in ${playSeconds} s`);
  const latency = await page.evaluate(() => (Date.now() - window.player.getPlayheadTimeAsDate()) / 1000);
  assert.ok(latency > 0 && latency < 3, `shaka-player is ${latency} s behind live`);
  await page.close();
  return latency;
}

/** Two readers of other makers agree with what the texts say. */
async function readTexts(root, session) {
  const text = async (path) => {
    const reply = await fetch(root + path);
    assert.equal(reply.status, 200, path);
    return { body: await reply.text(), url: reply.url };
  };
  const parse = (body) => {
    const parser = new m3u8.Parser();
    parser.push(body);
    parser.end();
    return parser.manifest;
  };
  const main = parse((await text(`/live/${session}/index.m3u8`)).body);
  assert.equal(main.playlists.length, 2, 'the picture, and the sound alone');
  assert.equal(main.playlists[0].attributes.RESOLUTION.height, 720);
  assert.ok(main.mediaGroups.AUDIO.audio.Main.uri);
  const media = parse((await text(`/live/${session}/${main.playlists[0].uri}`)).body);
  assert.equal(media.serverControl.canBlockReload, true);
  assert.ok(media.partTargetDuration > 0 && media.preloadSegment, 'no low latency in the media playlist');
  assert.ok(media.segments.length >= 1 && media.segments.every((s) => s.map && s.programDateTime));
  const dash = await text(`/live/${session}/manifest.mpd`);
  const mpd = parseMpd(dash.body, { manifestUri: dash.url });
  assert.equal(mpd.playlists.length, 1);
  assert.ok(mpd.playlists[0].segments.length >= 1);
  const low = await text(`/live/${session}/low-latency.mpd`);
  assert.match(low.body, /availabilityTimeComplete="false"/);
  const lowMpd = parseMpd(low.body, { manifestUri: low.url });
  assert.ok(lowMpd.playlists[0].segments.length >= mpd.playlists[0].segments.length);
  assert.match(mpd.playlists[0].segments[0].resolvedUri, new RegExp(`^${root}/live/${session}/video/segment-\\d+-\\d+\\.m4s$`));
}

await onStage(async (stage) => {
  const { port, session } = await stage.serve(program, [web]);
  const root = `http://127.0.0.1:${port}`;
  context = await stage.browser();
  // A window to go back in.
  for (let i = 0; ; ++i) {
    const manifest = await fetch(`${root}/live/${session}/manifest.mpd`);
    if (manifest.status === 200 && (await manifest.text()).split('<S ').length > 9) break;
    assert.ok(i < 300, 'no window within 30 s');
    await sleep(100);
  }
  await readTexts(root, session);
  const latency = await playHls(root, session);
  await playDash(root, session);
  const low = await playLowLatencyDash(root, session);
  console.log(`ok: hls.js ${latency.toFixed(2)} s behind live, shaka-player over low-latency DASH ${low.toFixed(2)} s`);
});
