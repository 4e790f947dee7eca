// `kill -9` of a real server, or of its encoder, while the page, hls.js and shaka-player watch: all of them play on within
// seconds of the restart, about as close to live as before. Usage: node restart.mjs TROUPE WEB_DIR [--what server|encoder]
// [--rounds N] [--down SECONDS] [--only PLAYER] [--json FILE]; prints a table.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { behind, goLive, kAwake, note, openPlayers, stopsIn } from './live_stage.mjs';
import { lastingPort, onStage, sleep, until } from './stage.mjs';

const { values: options, positionals: [program, web] } = parseArgs({
  allowPositionals: true,
  options: {
    what: { type: 'string', default: 'server' }, rounds: { type: 'string', default: '1' },
    down: { type: 'string', default: '1' }, only: { type: 'string', default: '' }, json: { type: 'string' },
  },
});
const kWatchS = 20;   // after the restart
// For a busy machine; what was measured is printed.
const kStoppedS = 15; // after the restart
const kLaterS = 5;    // further behind live than before

async function openPage(context, root, session) {
  const page = await context.newPage();
  await page.goto(`${root}/live.html?id=${session}`);
  await page.evaluate(() => {
    const shown = () => parseFloat(document.getElementById('latency').textContent);
    window.shown = () => (Number.isFinite(shown()) && document.getElementById('state').dataset.state === 'live'
      ? Date.now() - shown() * 1000 : null);
  });
  await until(page, () => document.getElementById('video').currentTime > 0.3, null, 20);
  return page;
}

await onStage(async (stage) => {
  const ports = [`http.port=${await lastingPort()}`, `rtmp.port=${await lastingPort()}`];
  const first = await stage.troupe(program, web, ports);
  const { root } = first;
  const session = await goLive(stage, first);
  await sleep(6000); // a window
  const context = await stage.browser(kAwake);
  const pages = { 'live page': await openPage(context, root, session), ...await openPlayers(context, root, session, options.only) };
  await sleep(8000); // players settle at their distance to live

  const rows = [];
  for (let round = 0; round < Number(options.rounds); ++round) {
    for (const page of Object.values(pages)) await page.evaluate(note);
    await sleep(2000);
    const killed = Date.now();
    let ready = killed;
    if (options.what === 'server') {
      stage.server.kill('SIGKILL');
      await sleep(Number(options.down) * 1000);
      await stage.troupe(program, web, ports);
      ready = Date.now();
    } else {
      stage.encoder.kill('SIGKILL');
    }
    await sleep(kWatchS * 1000);
    for (const [name, page] of Object.entries(pages)) {
      const { notes, errors } = await page.evaluate(() => ({ notes: window.notes, errors: window.seen.errors }));
      const stops = stopsIn(notes).filter((stop) => stop.until > killed);
      // Of what it has in its buffer a player plays on, and stops later, if at all.
      const after = stops.map((stop) => (stop.until - Math.max(stop.from, ready)) / 1000).filter((seconds) => seconds > 0);
      rows.push({ player: name, 'stopped s': stops.reduce((sum, stop) => sum + (stop.until - stop.from) / 1000, 0),
        'longest after restart s': Math.max(0, ...after), 'behind before s': behind(notes.filter((one) => one.now < killed)),
        'behind after s': behind(notes.filter((one) => one.now > notes.at(-1).now - 2000)), errors: errors.length });
    }
  }
  stage.over = true;
  console.table(rows.map((row) => Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, key.endsWith(' s') ? value.toFixed(2) : value]))));
  if (options.json) await writeFile(options.json, JSON.stringify(rows));
  for (const row of rows) {
    assert.ok(row['longest after restart s'] < kStoppedS, `${row.player} stands still`);
    assert.ok(row['behind after s'] - row['behind before s'] < kLaterS, `${row.player} is further behind live`);
  }
});
