// Sound that was published as Opus and is made as AAC too: hls.js and shaka-player in a real browser find both, and play AAC
// without a stall. Usage: node sound.mjs SERVER_PROGRAM WEB_DIR.
import assert from 'node:assert/strict';
import { openPlayer, watch } from './library_player.mjs';
import { onStage, sleep } from './stage.mjs';

const [program, web] = process.argv.slice(2);

async function playHls(context, root, session) {
  const page = await openPlayer(context, root, 'hls.js/dist/hls.min.js', `
    window.hls = new Hls({ lowLatencyMode: true, audioPreference: { audioCodec: 'mp4a.40.2' } });
    hls.on(Hls.Events.ERROR, (event, data) => { if (data.fatal) window.seen.errors.push(data.details); });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      window.codecs = hls.levels.map((one) => one.audioCodec);
      hls.currentLevel = hls.levels.findIndex((one) => one.audioCodec === 'mp4a.40.2' && one.height > 0);
    });
    hls.loadSource('/live/${session}/index.m3u8');
    hls.attachMedia(video);`);
  const seen = await watch(page, 5);
  const { codecs, playing } = await page.evaluate(() => ({ codecs: window.codecs,
    playing: window.hls.audioTracks[window.hls.audioTrack]?.groupId }));
  assert.ok(codecs.includes('mp4a.40.2'), `the sounds on offer: ${codecs}`);
  assert.equal(playing, 'audio-64k');
  assert.deepEqual(seen.errors, []);
  assert.equal(seen.stalls, 0, 'hls.js stalled');
  assert.ok(seen.advanced > 4, `advanced ${seen.advanced} s in 5 s`);
  await page.close();
}

async function playDash(context, root, session) {
  const page = await openPlayer(context, root, 'shaka-player/dist/shaka-player.compiled.js', `
    shaka.polyfill.installAll();
    window.player = new shaka.Player();
    player.configure({ preferredAudio: [{ codec: 'mp4a' }], preferredAudioCodecs: ['mp4a'] });
    player.addEventListener('error', (event) => window.seen.errors.push(event.detail.code + ' ' + event.detail.data.slice(0, 2).join(' ')));
    player.attach(video).then(() => player.load('/live/${session}/manifest.mpd'))
      .catch((error) => window.seen.errors.push(String(error.code)));`);
  const seen = await watch(page, 5);
  const codec = await page.evaluate(() => window.player.getVariantTracks().find(({ active }) => active).audioCodec);
  assert.deepEqual(seen.errors, []);
  assert.equal(codec, 'mp4a.40.2');
  assert.equal(seen.stalls, 0, 'shaka-player stalled');
  assert.ok(seen.advanced > 4, `advanced ${seen.advanced} s in 5 s`);
  await page.close();
}

await onStage(async (stage) => {
  const { port, session } = await stage.serve(program, [web, 'opus']);
  const root = `http://127.0.0.1:${port}`;
  const context = await stage.browser();
  for (let i = 0; ; ++i) {
    const manifest = await fetch(`${root}/live/${session}/manifest.mpd`);
    if (manifest.status === 200 && (await manifest.text()).split('<S ').length > 12) break;
    assert.ok(i < 300, 'no window within 30 s');
    await sleep(100);
  }
  await playHls(context, root, session);
  await playDash(context, root, session);
  console.log('ok: hls.js and shaka-player play the AAC that was made of Opus');
});
