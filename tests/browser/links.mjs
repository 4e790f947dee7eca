// A session that is watched by link alone, in a real browser: the page, hls.js and shaka-player play it by nothing but the
// address that was made for them, and without it the page says so. Usage: node links.mjs SERVER_PROGRAM WEB_DIR.
import assert from 'node:assert/strict';
import { openPlayer } from './library_player.mjs';
import { onStage, problemsOf, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);

const advances = async (page) => {
  await until(page, () => document.getElementById('video').currentTime > 0.5, null, 30);
  const from = await page.evaluate(() => document.getElementById('video').currentTime);
  await until(page, (at) => document.getElementById('video').currentTime > at + 3, from, 30);
};

async function plays(context, root, library, script) {
  const page = await openPlayer(context, root, library, script);
  await advances(page);
  assert.deepEqual(await page.evaluate(() => window.seen.errors), []);
  await page.close();
}

await onStage(async (stage) => {
  const { port, session, owner_token: token } = await stage.serve(program, [web]);
  const root = `http://127.0.0.1:${port}`;
  const ask = async (method, path, body) => {
    const reply = await fetch(root + path, { method, body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } });
    assert.equal(reply.status, 200, `${method} ${path}`);
    return reply.json();
  };
  await ask('PATCH', `/api/v1/live/${session}`, { access: 'link' });
  const made = await ask('POST', `/api/v1/live/${session}/links`, { expires_in_s: 600, viewer: 'bob' });
  const context = await stage.browser();

  const stranger = await context.newPage();
  await stranger.goto(`${root}/live.html?id=${session}`);
  await until(stranger, () => document.getElementById('overlay-text').textContent.startsWith('link_needed'));
  await stranger.close();

  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(root + made.watch_path);
  await advances(page);
  assert.deepEqual(problems, []);
  await page.close();

  await plays(context, root, 'hls.js/dist/hls.min.js', `
    window.hls = new Hls({ lowLatencyMode: true });
    hls.on(Hls.Events.ERROR, (event, data) => { if (data.fatal) window.seen.errors.push(data.details); });
    hls.loadSource('${made.hls_path}');
    hls.attachMedia(video);`);
  for (const path of [made.dash_path, made.dash_low_latency_path]) {
    await plays(context, root, 'shaka-player/dist/shaka-player.compiled.js', `
      shaka.polyfill.installAll();
      const player = new shaka.Player();
      player.addEventListener('error', (event) => window.seen.errors.push(String(event.detail.code)));
      player.attach(video).then(() => player.load('${path}')).catch((error) => window.seen.errors.push(String(error.code)));`);
  }
  console.log('ok: page, hls.js and shaka-player by link');
});
