// FLV over HTTP and over WebSocket in mpegts.js, in a real browser: it plays without a stall what ffmpeg publishes by RTMP,
// and goes on when the encoder comes back in another size. Usage: node flv.mjs TROUPE_PROGRAM WEB_DIR.
// PLAY_SECONDS says how long each plays (11).
import assert from 'node:assert/strict';
import { openPlayer, watch } from './library_player.mjs';
import { onStage, sleep, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);
const playSeconds = Number(process.env.PLAY_SECONDS ?? 11);

function publish(stage, session, size) {
  return stage.run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-re',
    '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30`, '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-threads', '1', '-g', '30',
    '-b:v', '600k', '-c:a', 'aac', '-b:a', '96k', '-f', 'flv', '-flush_packets', '1',
    `${session.rtmp_server}/${session.rtmp_stream_key}`], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Until it can be watched. */
async function awaitOnAir(root, session) {
  for (let i = 0; ; ++i) {
    const control = new AbortController();
    const reply = await fetch(root + session.flv_path, { signal: control.signal });
    control.abort();
    if (reply.status === 200) return;
    assert.ok(i < 200, 'not on air within 20 s');
    await sleep(100);
  }
}

/** On an error the player is made anew: it does not recover by itself. */
const open = (context, root, url) => openPlayer(context, root, 'mpegts.js/dist/mpegts.js', `
  mpegts.LoggingControl.enableAll = false;
  window.opened = 0;
  function open() {
    window.opened += 1;
    const player = window.player = mpegts.createPlayer({ type: 'flv', isLive: true, url: '${url}' },
      { enableWorker: false, enableStashBuffer: false, lazyLoad: false, autoCleanupSourceBuffer: true });
    player.on(mpegts.Events.ERROR, (type, detail) => {
      if (player !== window.player) return;
      window.player = undefined;
      window.seen.errors.push(type + ' ' + detail);
      setTimeout(() => { player.destroy(); open(); }); // not while it calls us
    });
    player.attachMediaElement(video);
    player.load();
    player.play();
  }
  open();`);

/** In the page: what to know of a player that does not go on. */
function state() {
  const video = document.getElementById('video');
  const buffered = [...Array(video.buffered.length).keys()].map((i) => [video.buffered.start(i), video.buffered.end(i)]);
  return { opened: window.opened, time: video.currentTime, buffered, ready: video.readyState, paused: video.paused,
    width: video.videoWidth, stalls: window.seen.stalls, errors: window.seen.errors.slice(0, 3) };
}

async function play(page, name) {
  const seen = await watch(page, playSeconds);
  assert.deepEqual(seen.errors, [], name);
  assert.equal(seen.stalls, 0, `${name}: mpegts.js stalled`);
  assert.ok(seen.advanced > playSeconds * 0.9, `${name}: advanced ${seen.advanced} s in ${playSeconds} s`);
  const media = await page.evaluate(() => window.player.mediaInfo);
  assert.equal(media.hasAudio && media.hasVideo, true);
  assert.equal(media.metadata.encoder, 'Troupe');
  return seen.advanced;
}

await onStage(async (stage) => {
  const { root, api } = await stage.troupe(program, web);
  const session = await api('POST', '/api/v1/live', { title: 'FLV' });
  const encoder = publish(stage, session, '640x360');
  await awaitOnAir(root, session);
  // The page is made up, so Chromium takes the server's address for one of another network.
  const context = await stage.browser(
    ['--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,LocalNetworkAccessForWebSockets']);
  const http = await open(context, root, root + session.flv_path);
  const socket = await open(context, root, root.replace('http', 'ws') + session.flv_path);
  const advanced = await Promise.all([play(http, 'HTTP'), play(socket, 'WebSocket')]);
  const { viewers } = await api('GET', `/api/v1/live/${session.id}`);
  assert.equal(viewers, 2);

  encoder.kill('SIGKILL');
  await sleep(500);
  publish(stage, session, '320x180');
  let again = 0;
  for (const page of [http, socket]) {
    await until(page, () => document.getElementById('video').videoWidth === 320).catch(async (error) => {
      console.error(await page.evaluate(state));
      throw error;
    });
    const at = await page.evaluate(() => document.getElementById('video').currentTime);
    await until(page, (from) => document.getElementById('video').currentTime > from + 1, at);
    // mpegts.js 1.8.2 puts the last picture of the old size behind the headers of the new one; Chromium leaves it out if it
    // is no key frame, else cannot decode it.
    const opened = await page.evaluate(() => window.opened);
    assert.ok(opened <= 2, `opened ${opened} times`);
    again += opened - 1;
  }
  console.log(`ok: ${advanced.map((seconds) => seconds.toFixed(1)).join(' and ')} s in ${playSeconds} s without a stall; ` +
    `${again} players made anew for another size`);
});
