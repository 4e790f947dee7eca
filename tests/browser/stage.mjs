// What the browser tests share: a program that says in one line where it serves, a Chromium, and cleaning up after both.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A free port that no outgoing connection is given, so that it is free again after a restart (ip_local_port_range begins
 * at 32768). */
export async function lastingPort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const taken = await new Promise((resolve) => {
      const server = createServer().once('error', () => resolve(true))
        .listen(port, () => server.close(() => resolve(false)));
    });
    if (!taken) return port;
  }
}

/** Waits for a truthy answer of `question` in the page. (waitForFunction evaluates text there, which the pages' policy
 * forbids.) */
export async function until(page, question, argument, seconds = 15) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await page.evaluate(question, argument);
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${question}`);
    await sleep(50);
  }
}

/** The console errors and exceptions of a page, as they come. */
export function problemsOf(page) {
  const problems = [];
  page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
  page.on('pageerror', (error) => problems.push(String(error)));
  return problems;
}

export class Stage {
  constructor(directory) {
    this.directory = directory;
    this.programs = [];
  }

  /** Starts a program, which is `server` from then on, and returns the JSON object of its first line. */
  async serve(program, args, { stderr = 'inherit' } = {}) {
    const server = this.run(program, args, { stdio: ['ignore', 'pipe', stderr] });
    this.server = server;
    const line = await new Promise((resolve, reject) => {
      createInterface({ input: server.stdout }).once('line', resolve);
      server.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
    });
    server.removeAllListeners('exit');
    return JSON.parse(line);
  }

  /** A real server on free ports and fresh data: {ports, root, data, api(method, path, body)}. */
  async troupe(program, web, settings = []) {
    const data = join(this.directory, 'data');
    const all = ['http.port=0', 'match.port=0', 'live.srt_port=0', 'rtmp.port=0', `http.web_dir=${web}`, ...settings];
    const ports = await this.serve(program, ['serve', '--data-dir', data, ...all.flatMap((s) => ['--set', s])],
      { stderr: 'ignore' });
    const root = `http://127.0.0.1:${ports.http}`;
    const token = execFileSync(program, ['token', '--data-dir', data, '--subject', 'stage'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const api = async (method, path, body) => {
      const reply = await fetch(root + path, { method, body: body && JSON.stringify(body),
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } });
      if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
      return reply.json();
    };
    return { ports, root, data, api };
  }

  /** Starts a program that is killed in the end. */
  run(program, args, options) {
    const child = spawn(program, args, options);
    this.programs.push(child);
    return child;
  }

  async browser(more = []) {
    this.context = await chromium.launchPersistentContext(join(this.directory, 'profile'), {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      viewport: { width: 1280, height: 720 },
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required', ...more],
    });
    return this.context;
  }

  async clear() {
    this.over = true;
    await this.context?.close();
    for (const child of this.programs) child.kill('SIGKILL');
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Runs `play(stage)`; whatever happens, nothing stays behind. */
export async function onStage(play) {
  const stage = new Stage(await mkdtemp(join(tmpdir(), 'troupe-browser-')));
  try {
    await play(stage);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    await stage.clear();
  }
}
