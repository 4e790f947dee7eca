// The live page in a real browser: it plays, time advances, latency is sane, viewers are counted, chat arrives, and the
// console stays clean. Usage: node live.mjs SERVER_PROGRAM WEB_DIR. TROUPE_SCREENSHOT=file.png also takes a picture.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [program, web] = process.argv.slice(2);
const server = spawn(program, [web], { stdio: ['ignore', 'pipe', 'inherit'] });
const profile = await mkdtemp(join(tmpdir(), 'troupe-browser-'));
let context;

/** Waits for a truthy answer of `question` in the page. (waitForFunction evaluates text there, which the pages' policy
 * forbids.) */
async function until(page, question, argument, seconds = 10) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await page.evaluate(question, argument);
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${question}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

async function run() {
  const [line] = await new Promise((resolve, reject) => {
    createInterface({ input: server.stdout }).once('line', (text) => resolve([text]));
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const { port, session, token } = JSON.parse(line);
  context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    viewport: { width: 1280, height: 720 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
  page.on('pageerror', (error) => problems.push(String(error)));

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

  await until(page, () => document.getElementById('video').readyState >= 3, null, 10);
  await until(page, () => Number.isFinite(parseFloat(document.getElementById('latency').textContent)));
  if (process.env.TROUPE_SCREENSHOT) await page.screenshot({ path: process.env.TROUPE_SCREENSHOT });
  assert.deepEqual(problems, []);
  console.log(`ok: ${latency.seconds} s behind live`);
}

try {
  await run();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await context?.close();
  server.removeAllListeners('exit');
  server.kill('SIGKILL');
  await rm(profile, { recursive: true, force: true });
}
