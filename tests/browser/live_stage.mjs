// A live session on a real server with an encoder that does not give up, and players of every protocol that watch it.
import assert from 'node:assert/strict';
import { openPlayer } from './library_player.mjs';
import { sleep, until } from './stage.mjs';

/** Pages that are not in front run at full speed too. */
export const kAwake = ['--disable-background-timer-throttling', '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows'];

/** A test picture and a tone; a key frame each two seconds. */
const kEncode = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30', '-f', 'lavfi', '-i',
  'sine=frequency=440:sample_rate=48000', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1',
  '-g', '60', '-b:v', '600k', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];

/** A session that ffmpeg publishes by RTMP for as long as the stage stands; it begins again half a second after it lost
 * the server. Returns once there are two whole segments: shaka-player 5.2 takes no HLS with fewer that has parts. */
export async function goLive(stage, { root, api }) {
  const { id, rtmp_server: server, rtmp_stream_key: key } = await api('POST', '/api/v1/live', { title: 'On air' });
  const begin = () => {
    if (stage.over) return;
    stage.encoder = stage.run('ffmpeg', ['-loglevel', 'quiet', ...kEncode, '-f', 'flv', `${server}/${key}`], { stdio: 'ignore' })
      .once('exit', () => setTimeout(begin, 500));
  };
  begin();
  for (let i = 0; await wholeSegments(`${root}/live/${id}/index.m3u8`) < 2; ++i) {
    assert.ok(i < 300, 'nothing on air');
    await sleep(100);
  }
  return id;
}

/** How many a playlist's first rendition has. */
async function wholeSegments(index) {
  const read = async (url) => {
    const answer = await fetch(url);
    return answer.ok ? { text: await answer.text(), url: answer.url } : { text: '', url };
  };
  const main = await read(index);
  const uri = main.text.split('\n').find((line) => line !== '' && !line.startsWith('#'));
  if (uri === undefined) return 0;
  return (await read(new URL(uri, main.url))).text.split('#EXTINF').length - 1;
}

// hls.js leaves it to its user to go on after fatal errors, in just this way (its API documentation).
const hls = (config) => ({ library: 'hls.js/dist/hls.min.js', script: (session) => `
  window.hls = new Hls(${JSON.stringify(config)});
  hls.on(Hls.Events.ERROR, (event, data) => {
    window.seen.errors.push(data.details + (data.fatal ? ' (fatal)' : ''));
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else setTimeout(() => (hls.levels.length > 0 ? hls.startLoad() : hls.loadSource(hls.url)), 500);
  });
  hls.loadSource('/live/${session}/index.m3u8');
  hls.attachMedia(video);
  window.shown = () => (hls.playingDate ? hls.playingDate.getTime() : null);
  window.range = () => [video.seekable.start(0), hls.liveSyncPosition];
  window.heights = () => hls.levels.map((one) => one.height).filter(Boolean);
  window.pick = (height) => { hls.nextLevel = hls.levels.findIndex((one) => one.height === height); };` });
// shaka-player waits a second and more before it tries again, unless told otherwise, and stays where a stop left it. To
// catch up it needs a target that the manifest names: without one it runs its buffer dry.
const kManifest = { baseDelay: 250, backoffFactor: 1.2, maxAttempts: 20 }, kMedia = { baseDelay: 250, maxAttempts: 2 };
const shaka = (text, config, manifest = {}) => ({ library: 'shaka-player/dist/shaka-player.compiled.js', script: (session) => `
  shaka.polyfill.installAll();
  window.player = new shaka.Player();
  player.configure(${JSON.stringify({ abr: { enabled: false }, manifest: { retryParameters: kManifest, ...manifest },
    streaming: { retryParameters: kMedia, ...config } })});
  player.addEventListener('error', (event) => window.seen.errors.push([event.detail.code, ...event.detail.data.slice(0, 2)].join(' ')));
  player.attach(video).then(() => player.load('/live/${session}/${text}'))
    .catch((error) => window.seen.errors.push(String(error.code ?? error.stack)));
  window.shown = () => { const at = player.getPlayheadTimeAsDate(); return at ? at.getTime() : null; };
  window.range = () => [player.seekRange().start, null];
  window.heights = () => player.getVariantTracks().map((one) => one.height).filter(Boolean);
  window.pick = (height) => player.selectVariantTrack(player.getVariantTracks().find((one) => one.height === height));` });

/** What each page has in its window: `shown()`, when, in Unix ms, that came in which it shows (null: nothing yet);
 * `range()`, where it may go back to, and where live is (null: goToLive() knows); `heights()` and `pick(height)`. */
export const players = {
  'hls.js, LL-HLS': hls({ lowLatencyMode: true }),
  'hls.js, HLS': hls({ lowLatencyMode: false }),
  // It cuts the holes between publications out of the timeline of HLS, but not out of its clock, and takes for the window
  // what there is: once the holes in it are longer than a segment it drops one after the other, unless told otherwise.
  'shaka-player, HLS': shaka('index.m3u8', {}, { availabilityWindowOverride: 60 }),
  'shaka-player, DASH': shaka('manifest.mpd', {}),
  'shaka-player, low-latency DASH': shaka('low-latency.mpd', { lowLatencyMode: true, liveSync: { enabled: true } }),
};

/** A page for each player whose name holds `only`, playing. */
export async function openPlayers(context, root, session, only = '') {
  const pages = {};
  for (const [name, { library, script }] of Object.entries(players))
    if (name.includes(only)) pages[name] = await openPlayer(context, root, library, script(session));
  for (const [name, page] of Object.entries(pages)) {
    await until(page, () => document.getElementById('video').currentTime > 0.3, null, 30).catch(async () => {
      throw new Error(`${name} does not play: ${await page.evaluate(() => window.seen.errors)}`);
    });
  }
  return pages;
}

/** From now on the page notes 20 times a second where it is, in `window.notes`; `window.seen` begins anew. */
export const note = () => {
  const video = document.getElementById('video');
  window.notes = [];
  window.seen = { stalls: 0, errors: [] };
  clearInterval(window.noting);
  const ahead = () => {
    for (let i = 0; i < video.buffered.length; ++i)
      if (video.buffered.start(i) <= video.currentTime + 0.05 && video.buffered.end(i) > video.currentTime)
        return video.buffered.end(i) - video.currentTime;
    return 0;
  };
  window.noting = setInterval(() => window.notes.push(
    { now: Date.now(), at: video.currentTime, date: window.shown(), seeking: video.seeking, ahead: ahead() }), 50);
};
const kStillMs = 300; // less is no stop that anybody sees, and a busy machine looks later

/** Where the picture of these notes stood still, though nobody sought: from, until (Unix ms), and how much was in the
 * buffer (s): a browser that has some and does not show it was not given the time. */
export function stopsIn(notes) {
  const stops = [];
  let moved = notes[0];
  for (const one of notes) {
    if (one.at === moved.at && !one.seeking) continue;
    if (one.now - moved.now > kStillMs && !one.seeking) stops.push({ from: moved.now, until: one.now, ahead: moved.ahead });
    moved = one;
  }
  const end = notes.at(-1);
  if (end.now - moved.now > kStillMs) stops.push({ from: moved.now, until: end.now, ahead: moved.ahead });
  return stops;
}

/** Seconds behind live, the median of these notes. */
export function behind(notes) {
  const all = notes.filter((one) => one.date !== null).map((one) => (one.now - one.date) / 1000).sort((x, y) => x - y);
  return all.length > 0 ? all[Math.floor(all.length / 2)] : NaN;
}
