// Many of the browser's game clients, without a browser, in one match of a real server: all decode the state that the server
// has. Usage: node --experimental-websocket play_soak.mjs TROUPE WEB_DIR [CLIENTS SECONDS]; prints what was counted.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { onStage, sleep } from './stage.mjs';
import { GameClient } from '../../web/js/play/client.js';

const [program, web, count = '12', seconds = '8'] = process.argv.slice(2);

/** A client that walks, turns and shoots on its own. */
function player(number, ticket) {
  const client = new GameClient({ ticket });
  let turn = number * 7;
  const go = () => {
    if (client.state === 'closed') return;
    ++turn;
    client.picture(2);
    client.send({ moveX: Math.floor(turn / 40 + number) % 3 - 1, moveY: Math.floor(turn / 55) % 3 - 1, aim: turn * 3 & 0xff,
      fire: turn % 5 === 0, weapon: number % 2 });
    setTimeout(go, client.commandPeriodMs());
  };
  go();
  return client;
}

await onStage(async (stage) => {
  const { root, data, api } = await stage.troupe(program, web);
  const { id } = await api('POST', '/api/v1/matches', { max_players: 64 });
  const server = stage.programs.at(-1).pid;
  const cpu = async () => (await readFile(`/proc/${server}/stat`, 'utf8')).split(' ').slice(13, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
  const clients = Array.from({ length: Number(count) }, (_, i) => {
    const token = execFileSync(program, ['token', '--data-dir', data, '--subject', `player${i}`],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return player(i, async () => {
      const reply = await fetch(`${root}/api/v1/matches/${id}/join`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
      const ticket = await reply.json();
      return { url: root.replace('http', 'ws') + ticket.ws, token: ticket.token };
    });
  });
  const before = await cpu();
  await sleep(Number(seconds) * 1000);

  const sum = (name) => clients.reduce((total, client) => total + client.statistics[name], 0);
  const snapshots = sum('snapshots');
  console.log(JSON.stringify({ clients: clients.length, snapshots, bytes_a_snapshot: sum('bytes') / snapshots,
    mismatches: sum('mismatches'), corrections: sum('corrections'), commands: sum('commands'), reconnects: sum('reconnects'),
    furthest_ahead: Math.max(...clients.map((client) => client.statistics.largestDivergence)),
    round_trip_ms: sum('roundTripMs') / clients.length, server_cpu_s: await cpu() - before }));
  assert.deepEqual(clients.map((client) => client.state).filter((state) => state !== 'playing'), []);
  assert.equal(sum('mismatches'), 0);
  assert.ok(snapshots > clients.length * Number(seconds) * 15, `${snapshots} snapshots`);
  for (const client of clients) client.leave();
});
