// Closed captions of the picture, shown by the page, hls.js and shaka-player. Usage: node captions.mjs SERVER_PROGRAM WEB_DIR.
import assert from 'node:assert/strict';
import { openPlayer } from './library_player.mjs';
import { onStage, problemsOf, sleep, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);

/** Whether a text track shows the words now. */
const shows = (words = 'HELLO WORLD') => [...document.getElementById('video').textTracks].some((track) =>
  [...(track.activeCues ?? [])].some((cue) => cue.text.includes(words)));

await onStage(async (stage) => {
  const { port, session } = await stage.serve(program, [web, 'captions']);
  const root = `http://127.0.0.1:${port}`;
  const context = await stage.browser();

  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(`${root}/live.html?id=${session}`);
  await until(page, () => document.getElementById('video').textTracks.length === 1, null, 20);
  await page.evaluate(() => { document.getElementById('video').textTracks[0].mode = 'showing'; });
  await until(page, shows, undefined, 20);
  assert.deepEqual(problems, []);
  await page.close();

  for (let i = 0; ; ++i) {
    const main = await fetch(`${root}/live/${session}/index.m3u8`);
    if (main.status === 200 && (await main.text()).includes('TYPE=SUBTITLES')) break;
    assert.ok(i < 200, 'no captions in the playlist within 20 s');
    await sleep(100);
  }
  const player = await openPlayer(context, root, 'hls.js/dist/hls.min.js', `
    window.hls = new Hls({ lowLatencyMode: true, enableCEA708Captions: false });
    hls.on(Hls.Events.ERROR, (event, data) => { if (data.fatal) window.seen.errors.push(data.details); });
    hls.loadSource('/live/${session}/index.m3u8');
    hls.attachMedia(video);`);
  await until(player, () => document.getElementById('video').currentTime > 0.5 && window.hls.subtitleTracks.length >= 1);
  await player.evaluate(() => {
    window.hls.subtitleTrack = 0;
    window.hls.subtitleDisplay = true;
  });
  await until(player, shows, undefined, 20);
  assert.deepEqual((await player.evaluate(() => window.seen)).errors, []);
  await player.close();

  // The other tracks are there once they have shown something.
  for (let i = 0; ; ++i) {
    const manifest = await (await fetch(`${root}/live/${session}/manifest.mpd`)).text();
    if (manifest.includes('captions-s1')) break;
    assert.ok(i < 200, 'no service of CEA-708 in the manifest within 20 s');
    await sleep(100);
  }
  const dash = await openPlayer(context, root, 'shaka-player/dist/shaka-player.compiled.js', `
    shaka.polyfill.installAll();
    window.player = new shaka.Player();
    window.wanted = 'Captions, service 1';
    player.addEventListener('error', (event) => window.seen.errors.push(event.detail.code + ' ' + event.detail.data.slice(0, 2).join(' ')));
    player.attach(video).then(() => player.load('/live/${session}/manifest.mpd')).then(() => {
      player.selectTextTrack(player.getTextTracks().find(({ label }) => label === window.wanted));
      player.setTextTrackVisibility?.(true);
    }).catch((error) => window.seen.errors.push(String(error.code ?? error)));`);
  await until(dash, shows, 'GUTEN TAG', 20);
  assert.deepEqual((await dash.evaluate(() => window.seen)).errors, []);
  console.log('ok: captions on the page, in hls.js, and those of CEA-708 in shaka-player');
});
