// Timed metadata on the live page: a cue comes with its picture; in hls.js it comes as a date range. Usage: node
// cues.mjs SERVER_PROGRAM WEB_DIR.
import assert from 'node:assert/strict';
import { openPlayer } from './library_player.mjs';
import { onStage, problemsOf, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);
const kFrameUs = 1e6 / 30;

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

  const player = await openPlayer(context, root, 'hls.js/dist/hls.min.js', `
    window.hls = new Hls({ lowLatencyMode: true });
    hls.on(Hls.Events.ERROR, (event, data) => { if (data.fatal) window.seen.errors.push(data.details); });
    hls.loadSource('/live/${session}/index.m3u8');
    hls.attachMedia(video);`);
  await until(player, () => document.getElementById('video').currentTime > 0.5, null, 20);
  const sent = await send({ scheme: 'urn:example:score', payload: 'goal', at_ms: Date.now() + 1000 });
  const range = await until(player, (name) => {
    const range = window.hls.levels[window.hls.currentLevel]?.details?.dateRanges[name];
    return range && { from: range.startDate.getTime(), payload: range.attr['X-PAYLOAD'], kind: range.class };
  }, `cue-${sent.number}`, 20);
  assert.equal(Buffer.from(range.payload.slice(2), 'hex').toString(), 'goal');
  assert.equal(range.kind, 'urn:example:score');
  assert.ok(Math.abs(range.from - Date.now()) < 20_000, `it lies at ${new Date(range.from).toISOString()}`);
  console.log(`ok: nine cues, at most ${(worst / kFrameUs).toFixed(1)} frames after their pictures; one in hls.js`);
});
