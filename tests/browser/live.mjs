// The live page in a real browser: it plays, time advances, latency is sane, viewers are counted, chat arrives, and the
// console stays clean. Usage: node live.mjs SERVER_PROGRAM WEB_DIR. SCREENSHOT=file.png also takes a picture.
import assert from 'node:assert/strict';
import { onStage, problemsOf, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);

await onStage(async (stage) => {
  const { port, session, token } = await stage.serve(program, [web]);
  const context = await stage.browser();
  const page = await context.newPage();
  const problems = problemsOf(page);

  await page.goto(`http://127.0.0.1:${port}/`);
  await page.click(`a[href="/live.html?id=${session}"]`);
  await until(page, () => document.getElementById('video').currentTime > 0.5, null, 20);
  const before = await page.evaluate(() => document.getElementById('video').currentTime);
  await until(page, (from) => document.getElementById('video').currentTime > from + 2, before, 10);

  const latency = await until(page, () => {
    const seconds = parseFloat(document.getElementById('latency').textContent);
    return Number.isFinite(seconds) ? { seconds } : null;
  });
  assert.ok(latency.seconds >= 0 && latency.seconds < 5, `behind live by ${latency.seconds} s`);

  const second = await context.newPage();
  await second.goto(`http://127.0.0.1:${port}/live.html?id=${session}`);
  await until(page, () => document.getElementById('viewers').textContent === '2', null, 5);
  await second.close();
  await until(page, () => document.getElementById('viewers').textContent === '1', null, 5);

  await page.fill('#token', token);
  await page.click('#sign-in button');
  await until(page, () => document.getElementById('state').textContent === 'live', null, 5);
  await page.fill('#name', 'Bob');
  await page.fill('#text', 'Hello from the browser');
  await page.click('#say button');
  await until(page, () => document.getElementById('lines').textContent.includes('Hello from the browser'), null, 5);

  await page.click('#reactions button[value="heart"]');
  await until(page, () => document.querySelector('#reactions button[value="heart"] output').textContent === '1', null, 5);

  await until(page, () => document.getElementById('video').readyState >= 3, null, 10);
  await until(page, () => Number.isFinite(parseFloat(document.getElementById('latency').textContent)));
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  assert.deepEqual(problems, []);
  console.log(`ok: ${latency.seconds} s behind live`);
});
