// hls.js and shaka-player play a live session side by side for minutes, over every protocol: a third of the way they go
// back in the window for a while and to live again, later to the smaller picture and back. Any stop of the picture is
// counted, and told apart whether there was something in the buffer. Usage: ./dev bench players [--seconds 600] [--only PLAYER] [--json FILE], or node long_play.mjs TROUPE WEB_DIR …
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { behind, goLive, kAwake, note, openPlayers, stopsIn } from './live_stage.mjs';
import { onStage, sleep, until } from './stage.mjs';

const { values: options, positionals: [program, web] } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '600' }, only: { type: 'string', default: '' }, quick: { type: 'boolean', default: false },
    json: { type: 'string' }, verbose: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (options.help) {
  console.log('--seconds N  how long they play (600)\n--quick      60\n--only TEXT  players whose name holds it\n--json FILE  the figures\n--verbose    each stop');
  process.exit(0);
}
const seconds = options.quick ? 60 : Number(options.seconds);
const kSettleS = 10, kBackS = 15, kSmall = 180;
const kAtHandS = 0.3; // a stop with more than this in the buffer is the machine's

const height = () => document.getElementById('video').videoHeight;

async function goBack(page) {
  const from = await page.evaluate(() => {
    const video = document.getElementById('video');
    [video.currentTime] = window.range();
    video.currentTime += 5;
    return video.currentTime;
  });
  await until(page, (start) => document.getElementById('video').currentTime > start + 1, from, 30);
  await sleep(kBackS * 1000);
  await page.evaluate(() => {
    const [, live] = window.range();
    if (live === null) window.player.goToLive();
    else document.getElementById('video').currentTime = live;
  });
  await until(page, () => Date.now() - window.shown() < 20_000, null, 30);
}

async function toAndFro(page) {
  const full = Math.max(...await page.evaluate(() => window.heights()));
  for (const wanted of [kSmall, full]) {
    await page.evaluate((lines) => window.pick(lines), wanted);
    await until(page, (lines) => document.getElementById('video').videoHeight === lines, wanted, 60);
    await sleep(5000);
  }
}

await onStage(async (stage) => {
  const server = await stage.troupe(program, web, [`live.ladder=${kSmall}p:200k`, 'live.ladder_max_lag_ms=10000']);
  const session = await goLive(stage, server);
  const context = await stage.browser(kAwake);
  const pages = await openPlayers(context, server.root, session, options.only);
  for (const page of Object.values(pages)) {
    const full = Math.max(...await page.evaluate(() => window.heights()));
    await page.evaluate((lines) => window.pick(lines), full);
    await until(page, (lines) => document.getElementById('video').videoHeight === lines, full, 60);
  }
  await sleep(kSettleS * 1000);
  const rows = Object.fromEntries(Object.keys(pages).map((name) => [name, { player: name, stalls: 0, 'stalled s': 0, 'not shown': 0, errors: 0 }]));
  const each = async (task) => { await Promise.all(Object.entries(pages).map(([name, page]) => task(page, rows[name]))); };
  /** `task` is counted by itself when it has a name. */
  const counted = async (name, task) => each(async (page, row) => {
    await page.evaluate(note);
    await task(page);
    const { notes, errors } = await page.evaluate(() => ({ notes: window.notes, errors: window.seen.errors }));
    const all = stopsIn(notes);
    const stops = all.filter((stop) => stop.ahead < kAtHandS);
    if (options.verbose) console.log(row.player, name, JSON.stringify(all));
    if (name) {
      row[name] = stops.length;
    } else {
      row.stalls += stops.length;
      row['stalled s'] += stops.reduce((sum, stop) => sum + (stop.until - stop.from) / 1000, 0);
      row['not shown'] += all.length - stops.length;
      row['behind s'] = behind(notes);
      row.errors += errors.length;
    }
  });
  const third = Math.max(5, seconds / 3) * 1000;
  await counted('', () => sleep(third));
  await counted('going back', goBack);
  await sleep(kSettleS * 1000);
  await counted('', () => sleep(third));
  await counted('switching', toAndFro);
  await counted('', () => sleep(third));
  stage.over = true;
  const all = Object.values(rows);
  console.table(all.map((row) => ({ ...row, 'stalled s': row['stalled s'].toFixed(2), 'behind s': row['behind s'].toFixed(2) })));
  if (options.json) await writeFile(options.json, JSON.stringify({ bench: 'players', seconds, metrics: all }));
  for (const row of all) assert.equal(row.stalls + row['going back'] + row.switching, 0, `${row.player} stopped`);
});
