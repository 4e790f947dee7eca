// Timed metadata: on the live page a cue comes with its picture; in hls.js as a date range and, of the scheme of ID3, out of
// the media; in shaka-player out of the media. Usage: node cues.mjs SERVER_PROGRAM WEB_DIR.
import assert from 'node:assert/strict';
import { openPlayer } from './library_player.mjs';
import { onStage, problemsOf, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);
const kFrameUs = 1e6 / 30;

const kId3 = 'https://aomedia.org/emsg/ID3';

/** A date range, and a tag of ID3 whose text track cue has the moment of the media. Returns how far off, in ms. */
async function cuesInHls(context, root, session, send) {
  const player = await openPlayer(context, root, 'hls.js/dist/hls.min.js', `
    window.tags = [];
    window.hls = new Hls({ lowLatencyMode: true });
    hls.on(Hls.Events.ERROR, (event, data) => { if (data.fatal) window.seen.errors.push(data.details); });
    hls.on(Hls.Events.FRAG_PARSING_METADATA, (event, { frag, samples }) => {
      for (const { pts, data } of samples)
        window.tags.push({ pts, text: new TextDecoder().decode(data), starts: frag.start, from: frag.rawProgramDateTime });
    });
    hls.loadSource('/live/${session}/index.m3u8');
    hls.attachMedia(video);`);
  await until(player, () => document.getElementById('video').currentTime > 0.5, null, 20);
  const sent = await send({ scheme: 'urn:example:score', payload: 'goal', at_ms: Date.now() + 1000 });
  const tagged = await send({ scheme: kId3, payload: 'tagged', at_ms: Date.now() + 1000 });
  const rangeOf = (name) => until(player, (wanted) => {
    const range = window.hls.levels[window.hls.currentLevel]?.details?.dateRanges[wanted];
    return range && { from: range.startDate.getTime(), payload: range.attr['X-PAYLOAD'], kind: range.class, at: range.startTime };
  }, name, 20);
  const range = await rangeOf(`cue-${sent.number}`);
  assert.equal(Buffer.from(range.payload.slice(2), 'hex').toString(), 'goal');
  assert.equal(range.kind, 'urn:example:score');
  assert.ok(Math.abs(range.from - Date.now()) < 20_000, `it lies at ${new Date(range.from).toISOString()}`);
  const tag = await until(player, () => window.tags.find(({ text }) => text.endsWith('tagged')), null, 20);
  assert.match(tag.text, /^ID3/);
  // Two ways of telling one moment: through the clock of the playlist, and through that of the media.
  const same = await rangeOf(`cue-${tagged.number}`);
  const off = Math.abs(tag.pts - same.at) * 1000;
  assert.ok(off < 100, `the tag is at ${tag.pts} s, the date range at ${same.at} s`);
  const shown = await until(player, () => {
    const track = [...document.getElementById('video').textTracks].find(({ kind }) => kind === 'metadata');
    const cue = [...(track?.cues ?? [])].find(({ value }) => value?.data === 'tagged');
    return cue && { from: cue.startTime };
  }, null, 20);
  assert.ok(Math.abs(shown.from - tag.pts) < 0.001, 'its cue is at its moment');
  assert.equal(await player.evaluate(() => window.tags.filter(({ text }) => text.endsWith('tagged')).length), 1);
  await player.close();
  return off;
}

/** Out of the media with low latency: the player tells when the moment is reached. Returns how far off, in ms. */
async function cuesInDash(context, root, session, send) {
  const player = await openPlayer(context, root, 'shaka-player/dist/shaka-player.compiled.js', `
    shaka.polyfill.installAll();
    window.player = new shaka.Player();
    player.configure({ streaming: { lowLatencyMode: true } });
    window.boxes = [];
    window.tags = [];
    player.addEventListener('error', (event) => window.seen.errors.push(event.detail.code + ' ' + event.detail.data.slice(0, 2).join(' ')));
    player.addEventListener('emsg', ({ detail }) => window.boxes.push({ scheme: detail.schemeIdUri, id: detail.id,
      text: new TextDecoder().decode(detail.messageData), from: detail.startTime, span: detail.endTime - detail.startTime, now: video.currentTime }));
    player.addEventListener('metadata', ({ payload }) => window.tags.push(String(payload.data)));
    player.attach(video).then(() => player.load('/live/${session}/low-latency.mpd'))
      .catch((error) => window.seen.errors.push(String(error.code)));`);
  await until(player, () => document.getElementById('video').currentTime > 0.5, null, 20);
  const sent = [];
  for (const scheme of ['urn:example:score', kId3]) {
    sent.push(await send({ scheme, payload: 'box', at_ms: Date.now() + 1500 }));
  }
  let worst = 0;
  for (const cue of sent) {
    const box = await until(player, (wanted) => window.boxes.find(({ id }) => id === wanted), cue.number % 2 ** 32, 20);
    assert.equal(box.scheme, cue.scheme);
    assert.match(box.text, /box$/);
    assert.equal(box.span, 0);
    assert.ok(box.now >= box.from - 0.001 && box.now < box.from + 2, `due at ${box.from} s, told at ${box.now} s`);
    // The player's time is that of the media plus where the period begins.
    const start = await periodStart(root, session);
    worst = Math.max(worst, Math.abs(box.from - start - cue.media_us / 1e6) * 1000);
  }
  assert.ok(worst < 1, `a box is ${worst} ms beside its moment`);
  await until(player, () => window.tags.includes('box'), null, 20);
  assert.deepEqual(await player.evaluate(() => window.seen.errors), []);
  await player.close();
  return worst;
}

/** Seconds from the beginning of the presentation to that of the publication. */
async function periodStart(root, session) {
  const manifest = await (await fetch(`${root}/live/${session}/low-latency.mpd`)).text();
  return Number(/<Period [^>]*start="PT([\d.]+)S"/.exec(manifest)[1]);
}

await onStage(async (stage) => {
  const { port, session, owner_token } = await stage.serve(program, [web]);
  const root = `http://127.0.0.1:${port}`;
  const send = async (body) => {
    const reply = await fetch(`${root}/api/v1/live/${session}/cues`, { method: 'POST', body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${owner_token}`, 'Content-Type': 'application/json' } });
    assert.equal(reply.status, 201);
    return reply.json();
  };
  const context = await stage.browser();
  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(`${root}/live.html?id=${session}`);
  await until(page, () => document.getElementById('video').currentTime > 1, null, 20);
  await page.evaluate(() => {
    const video = document.getElementById('video');
    window.fired = [];
    window.pictures = [];
    const note = (_, { mediaTime }) => {
      window.pictures.push(mediaTime * 1e6);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
    video.addEventListener('troupe-cue', ({ detail }) => window.fired.push(detail));
  });

  for (let i = 0; i < 6; ++i) await send({ scheme: 'urn:example:score', payload: `now ${i}` });
  for (let i = 0; i < 3; ++i)
    await send({ scheme: 'urn:example:score', payload: `later ${i}`, at_ms: Date.now() + 600 + 200 * i });

  await until(page, () => window.fired.length === 9);
  const { fired, pictures } = await page.evaluate(() => ({ fired: window.fired, pictures: window.pictures }));
  assert.deepEqual(fired.map(({ payload }) => payload),
    [...[0, 1, 2, 3, 4, 5].map((i) => `now ${i}`), ...[0, 1, 2].map((i) => `later ${i}`)]);
  // A loaded machine shows only some of the pictures: a cue comes with the first that is shown from its own on.
  let worst = 0;
  for (const { media_us: due, shown_us: shown } of fired) {
    const before = Math.max(...pictures.filter((us) => us < shown - 1), 0);
    assert.ok(shown >= due, 'not before its picture');
    assert.ok(before < due || before === 0 || shown - due <= 2 * kFrameUs, `a picture was shown in between: ${due}, ${before}, ${shown}`);
    worst = Math.max(worst, shown - due);
  }
  assert.deepEqual(problems, []);
  await page.close();

  const inHls = await cuesInHls(context, root, session, send);
  const inDash = await cuesInDash(context, root, session, send);
  console.log(`ok: nine cues, at most ${(worst / kFrameUs).toFixed(1)} frames after their pictures; `
    + `hls.js and shaka-player have them at most ${inHls.toFixed(1)} and ${inDash.toFixed(1)} ms beside their moments`);
});
