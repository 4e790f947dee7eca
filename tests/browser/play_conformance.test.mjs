// The browser's game client against vectors that the C++ one reads too (tests/unit/match_vectors_test.cpp).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ReplicaReader } from '../../web/js/play/replica.js';
import { move, packCommand } from '../../web/js/play/rules.js';
import { viewHash } from '../../web/js/play/snapshot.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../data/game/${name}`, import.meta.url), 'utf8'));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const text = ({ high, low }) => high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');

test('Snapshots, tables and damaged packets decode to what the vectors say', () => {
  const replica = new ReplicaReader();
  const outcomes = new Map();
  for (const [i, event] of read('snapshots.json').entries()) {
    if (event.tables) {
      replica.tables.take({ ...event.tables, bytes: bytes(event.tables.bytes) });
      continue;
    }
    const outcome = replica.read(bytes(event.packet), event.near);
    assert.equal(outcome, event.outcome, `event ${i}`);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (outcome === 'mismatch') assert.equal(text(replica.mismatch.hash), event.hash, `event ${i}`);
    if (outcome !== 'taken') continue;
    const { latest } = replica;
    assert.equal(text(viewHash(latest)), event.hash, `event ${i}`);
    if (!event.snapshot) continue;
    assert.deepEqual({
      tick: latest.tick,
      players: latest.players.map((p) => [p.slot, p.x, p.y, p.aim, p.health, p.alive ? 1 : 0, p.score]),
      projectiles: latest.projectiles.map((p) => [p.id, p.aim, p.x, p.y]),
    }, event.snapshot, `event ${i}`);
  }
  assert.ok(outcomes.get('taken') >= 200 && outcomes.get('mismatch') >= 5);
});

test('Players walk, and commands are packed, as the vectors say', () => {
  for (const { x, y, steps } of read('walks.json')) {
    let player = { x, y, aim: 0 };
    for (const [packed, moveX, moveY, aim, fire, toX, toY] of steps) {
      const command = { moveX, moveY, aim, fire: fire === 1 };
      assert.equal(Buffer.from(packCommand(command)).toString('hex'), packed);
      player = move(player, command);
      assert.deepEqual([player.x, player.y], [toX, toY]);
    }
  }
});

test('Whatever the bytes are, a reader comes to an end and throws nothing', () => {
  let state = 12345;
  const random = () => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    return state >>> 8;
  };
  const events = read('snapshots.json');
  const replica = new ReplicaReader();
  const outcomes = new Set();
  for (const event of events.slice(0, 150)) {
    if (event.tables) {
      const damaged = bytes(event.tables.bytes);
      damaged[random() % damaged.length] ^= 1 << random() % 8;
      replica.tables.take({ ...event.tables, bytes: damaged });
      replica.tables.take({ ...event.tables, bytes: bytes(event.tables.bytes) });
      continue;
    }
    for (let i = 0; i < 20; ++i) {
      const damaged = bytes(event.packet);
      for (let flips = 1 + random() % 8; flips > 0; --flips) damaged[5 + random() % (damaged.length - 5)] = random();
      outcomes.add(replica.read(random() % 4 === 0 ? damaged.subarray(0, random() % damaged.length) : damaged, random()));
    }
    replica.read(bytes(event.packet), event.near);
  }
  assert.ok(outcomes.has('malformed') && outcomes.has('mismatch'), [...outcomes].join());
});
