// Players on Colyseus' own SDK: node colyseus_load.mjs PORT none|inputs CLIENTS SECONDS
// Prints "begin" and "end" around the measured time, then what the players saw, as JSON.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Client } from "@colyseus/sdk";
import { kPlayers, kTickHz, velocity } from "./colyseus_room.mjs";

const [port, inputs, clients, seconds] = process.argv.slice(2);
const kStatePatch = 15; // Protocol.ROOM_STATE_PATCH
const kJoinsAtOnce = 20;

const client = new Client(`http://127.0.0.1:${port}`);
const players = [];

async function join() {
  const room = await client.joinOrCreate("arena");
  const player = { room, patches: 0, bytes: 0, before: null };
  const { events } = room.connection;
  const decode = events.onmessage;
  events.onmessage = (event) => {
    const bytes = new Uint8Array(event.data);
    if ((bytes[0] & 0x3f) === kStatePatch) {
      player.patches++;
      player.bytes += bytes.length;
    }
    decode(event);
  };
  players.push(player);
}

const places = (room) => {
  const out = {};
  room.state.players.forEach((p, id) => (out[id] = [p.x, p.y]));
  return out;
};

/** Whether all ten of a room are known to this player and have moved. */
function saw_all_move({ room, before }) {
  const now = places(room);
  const ids = Object.keys(now);
  return (
    ids.length === Math.min(kPlayers, players.length) &&
    ids.every((id) => before[id] && (before[id][0] !== now[id][0] || before[id][1] !== now[id][1]))
  );
}

for (let made = 0; made < Number(clients); made += kJoinsAtOnce) {
  await Promise.all(Array.from({ length: Math.min(kJoinsAtOnce, clients - made) }, join));
}
if (inputs === "inputs") {
  players.forEach(({ room }, i) => {
    const start = ((i / players.length) * 1000) / kTickHz;
    setTimeout(() => {
      setInterval(() => room.send("move", { vx: velocity(), vy: velocity() }), 1000 / kTickHz);
    }, start);
  });
}
await new Promise((resolve) => setTimeout(resolve, 1500));

const lag = monitorEventLoopDelay({ resolution: 5 });
lag.enable();
for (const player of players) {
  player.before = places(player.room);
  player.patches = player.bytes = 0;
}
const began = performance.now();
console.log("begin");
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
const took = (performance.now() - began) / 1000;
console.log("end");
const due = took * kTickHz;
const sum = (field) => players.reduce((total, player) => total + player[field], 0);
console.log(
  JSON.stringify({
    patches: sum("patches"),
    bytes: sum("bytes"),
    of_due_mean: sum("patches") / players.length / due,
    of_due_min: Math.min(...players.map((player) => player.patches)) / due,
    moved: players.filter(saw_all_move).length,
    lag_p99_ms: lag.percentile(99) / 1e6,
  }),
);
process.exit(0);
