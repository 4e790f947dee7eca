// The page to play on, in a real browser at a real server: two pages play one match over WebSocket, see each other move, one
// is cut off and comes back to its place, and no snapshot decodes to another state than the server's. Usage: node play.mjs
// TROUPE WEB_DIR [PICTURE.png].
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { onStage, problemsOf, sleep, until } from './stage.mjs';

const [program, web, screenshot] = process.argv.slice(2);

/** A port that leads to another, until it is cut. */
class Wire {
  constructor(to) {
    this.sockets = new Set();
    this.whole = true;
    this.server = createServer((near) => {
      if (!this.whole) return near.destroy();
      const far = connect(to, '127.0.0.1');
      for (const [one, other] of [[near, far], [far, near]]) {
        this.sockets.add(one);
        one.pipe(other);
        one.on('error', () => {});
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  async open() {
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    return this.server.address().port;
  }

  cut() {
    this.whole = false;
    for (const socket of this.sockets) socket.destroy();
  }

  mend() {
    this.whole = true;
  }

  close() {
    this.cut();
    this.server.close();
  }
}

const number = (page, id) => page.evaluate((name) => Number.parseFloat(document.getElementById(name).textContent), id);

/** Where `page` was told that the player of `slot` is. */
const seen = (page, slot) => page.evaluate((wanted) => {
  const row = document.querySelector(`#standings tr[data-slot="${wanted}"]`);
  return row && { x: Number(row.dataset.x), y: Number(row.dataset.y) };
}, slot);

async function open(stage, root, token, query) {
  const page = await stage.context.newPage();
  await page.addInitScript((text) => sessionStorage.setItem('troupe.token', text), token);
  await page.goto(`${root}/play.html?${query}`);
  await until(page, () => document.getElementById('state').textContent === 'playing');
  return page;
}

/** Walks one way in `page`, or the other where a wall is, until `watcher` has been told that the player of `slot` is
 * elsewhere. */
async function walk(page, keys, watcher, slot) {
  const from = await seen(watcher, slot);
  for (const end = Date.now() + 15000; ;) {
    for (const key of keys) {
      await page.keyboard.down(key);
      for (const turn = Date.now() + 1500; Date.now() < turn;) {
        const now = await seen(watcher, slot);
        if (now && from && Math.abs(now.x - from.x) + Math.abs(now.y - from.y) > 1024) return page.keyboard.up(key);
        await sleep(50);
      }
      await page.keyboard.up(key);
    }
    assert.ok(Date.now() < end, `nobody was seen to move with ${keys}`);
  }
}

let wire;

await onStage(async (stage) => {
  const { ports, root, data, api } = await stage.troupe(program, web, ['match.hide_behind_walls=false']);
  await stage.browser();
  const token = (subject) => execFileSync(program, ['token', '--data-dir', data, '--subject', subject],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const { id } = await api('POST', '/api/v1/matches', { max_players: 4 });
  wire = new Wire(ports.http);
  const wired = `http://127.0.0.1:${await wire.open()}`;

  const a = await open(stage, root, token('ann'), `id=${id}`);
  const b = await open(stage, wired, token('bob'), `id=${id}`);
  const problems = problemsOf(a);
  await until(a, () => document.querySelectorAll('#standings tr').length === 2);
  await until(a, () => document.getElementById('standings').textContent.includes('bob'));
  await walk(a, ['d', 'a'], b, 0);
  await walk(a, ['ArrowDown', 'ArrowUp'], b, 0);
  await walk(b, ['w', 's'], a, 1);
  await walk(b, ['a', 'd'], a, 1);

  // The mouse aims, and shoots.
  await a.mouse.move(300, 300);
  await a.mouse.down();
  await sleep(500);
  if (screenshot) await a.screenshot({ path: screenshot });
  await a.mouse.up();

  // Cut off for a second, without a word to the browser.
  wire.cut();
  await until(b, () => document.getElementById('state').textContent === 'connecting');
  await sleep(1000);
  wire.mend();
  await until(b, () => document.getElementById('state').textContent === 'playing');
  await until(b, () => document.getElementById('reconnects').textContent === '1');
  await walk(b, ['s', 'w'], a, 1); // the same place, and its commands count
  await walk(a, ['a', 'd'], b, 0);

  for (const page of [a, b]) {
    assert.equal(await number(page, 'mismatches'), 0);
    assert.ok(await number(page, 'round-trip') >= 0);
    assert.ok(await number(page, 'tick') > 60);
  }
  const metrics = await (await fetch(`${root}/metrics`)).text();
  assert.match(metrics, /troupe_match_ws_clients 2/);
  assert.doesNotMatch(metrics, /troupe_match_state_mismatches_total [1-9]/);

  // Two who ask for a match, one of them from the list, are given one and play it.
  const c = await stage.context.newPage();
  await c.addInitScript((text) => sessionStorage.setItem('troupe.token', text), token('cat'));
  await c.goto(`${root}/matches.html`);
  await until(c, () => document.querySelector('#modes a[href$="mode=duel"]') !== null);
  await c.click('#modes a[href$="mode=duel"]');
  const d = await open(stage, root, token('dan'), 'mode=duel');
  await until(c, () => document.getElementById('state')?.textContent === 'playing');
  assert.equal(new URL(c.url()).searchParams.get('id'), new URL(d.url()).searchParams.get('id'));
  await until(c, () => document.querySelectorAll('#standings tr').length === 2);

  assert.deepEqual(problems, []);
  console.log(`ok: round trip ${await number(a, 'round-trip')} ms, ${await number(a, 'corrections')} corrections`);
});
wire?.close();
