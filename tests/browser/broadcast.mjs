// The broadcaster's page in a real browser, with a camera that Chromium makes up: it makes a session, publishes, a second
// page plays it, a wrong key is told, and the end is seen. Usage: node broadcast.mjs TROUPE WEB_DIR [PICTURE.png].
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { onStage, problemsOf, until } from './stage.mjs';

const [program, web, screenshot] = process.argv.slice(2);

/** Form fields and buttons that a screen reader could not name. */
function unnamed() {
  const name = (element) => element.labels?.[0]?.textContent || element.textContent || element.getAttribute('aria-label');
  return [...document.querySelectorAll('input, select, button, video')].filter((element) => !name(element)?.trim()).map((element) => element.id);
}

const text = (id) => document.getElementById(id).textContent;

await onStage(async (stage) => {
  const { root, data } = await stage.troupe(program, web);
  const token = execFileSync(program, ['token', '--data-dir', data, '--subject', 'ann'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const context = await stage.browser(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
  const page = await context.newPage();
  const problems = problemsOf(page);

  await page.goto(`${root}/broadcast.html`);
  assert.deepEqual(await page.evaluate(unnamed), []);
  await page.fill('#title', 'From a browser');
  await page.fill('#token', token);
  await page.click('#make button');
  const session = await until(page, () => document.getElementById('session').value);
  await page.selectOption('#height', '360');
  await page.selectOption('#kbit', '800');
  await page.click('#look');
  await until(page, () => document.getElementById('preview').videoHeight > 0);
  const began = Date.now();
  await page.focus('#key');
  await page.keyboard.press('Enter');
  await until(page, () => document.getElementById('state').textContent === 'live', null, 20);
  const startS = (Date.now() - began) / 1000;

  const viewer = await context.newPage();
  problems.push(...problemsOf(viewer));
  await viewer.goto(`${root}/live.html?id=${session}`);
  await until(viewer, () => document.getElementById('video').currentTime > 0.5, null, 20);
  const from = await viewer.evaluate(() => document.getElementById('video').currentTime);
  await until(viewer, (at) => document.getElementById('video').currentTime > at + 3, from, 20);
  const shown = await viewer.evaluate(() => ({ width: document.getElementById('video').videoWidth,
    picture: document.getElementById('picture').textContent, latency: parseFloat(document.getElementById('latency').textContent) }));
  assert.ok(shown.width > 0);
  assert.match(shown.picture, /avc1|vp09/);
  assert.match(shown.picture, /opus|mp4a/);
  assert.ok(shown.latency < 5, `behind live by ${shown.latency} s`);
  await until(page, () => parseFloat(document.getElementById('bitrate').textContent) > 0);
  await until(page, () => parseFloat(document.getElementById('pictures').textContent) > 1, null, 10);
  assert.equal(await page.evaluate(text, 'dropped'), '0 s');
  if (screenshot) await page.screenshot({ path: screenshot });

  const stranger = await context.newPage();
  await stranger.goto(`${root}/broadcast.html?id=${session}`);
  await stranger.fill('#key', 'wrong');
  await stranger.check('input[value="canvas"]');
  await stranger.click('#start');
  await until(stranger, () => document.getElementById('notice').textContent.includes('wrong publish key'), null, 10);
  assert.equal(await stranger.evaluate(text, 'state'), 'failed');
  await stranger.close();

  await page.bringToFront();
  await page.click('#stop');
  await until(viewer, () => document.getElementById('state').textContent === 'waiting', null, 10);
  assert.equal(await page.evaluate(text, 'state'), 'idle');
  // Again, from another source, into the same session.
  await page.check('input[value="canvas"]');
  await page.click('#look');
  await page.click('#start');
  await until(viewer, () => document.getElementById('state').textContent === 'live', null, 20);
  const again = await viewer.evaluate(() => document.getElementById('video').currentTime);
  await until(viewer, (at) => document.getElementById('video').currentTime !== at, again, 20);

  assert.deepEqual(problems, []);
  console.log(`ok: live after ${startS.toFixed(1)} s, ${shown.picture}, ${shown.latency} s behind live`);
});
