// The arena's snapshots from their deltas: game/snapshot_codec.hpp, the reader's side. Pure.
//
// A snapshot is {tick, players: [{slot, x, y, aim, health, alive, score}], projectiles: [{id, aim, x, y}]}.
import { Bit, EntropyDecoder, NumberModel, bits } from './entropy.js';
import { RowSetModel, decodeRows } from './rows.js';
import { flown, kMaxPlayers, kMaxProjectiles, kWalkSpeed } from './rules.js';

const kPlayerFields = [
  { name: 'x', bits: 16, step: kWalkSpeed }, { name: 'y', bits: 16, step: kWalkSpeed }, { name: 'aim', bits: 8 },
  { name: 'health', bits: 7 }, { name: 'alive', bits: 1 }, { name: 'score', bits: 16 },
];
const kIndexBits = 10, kMaxAge = 8;

export const kNothing = Object.freeze({ tick: 0, players: [], projectiles: [] });

/** What was learned of deltas. A reader takes a copy. */
export class SnapshotModel {
  constructor() {
    this.players = new RowSetModel(kPlayerFields);
    this.stays = new Bit();
    this.appended = new Bit();
    this.ofPlayer = new Bit();
    this.fresh = new NumberModel();
    this.id = new NumberModel();
    this.shooter = bits(64);
    this.age = new NumberModel();
    this.aim = new NumberModel();
    this.stepsX = new NumberModel();
    this.stepsY = new NumberModel();
  }

  /** Calls `visit` with each Bit, always in the same order. */
  each(visit) {
    this.players.each(visit);
    for (const bit of [this.stays, this.appended, this.ofPlayer]) visit(bit);
    for (const number of [this.fresh, this.id]) number.each(visit);
    this.shooter.forEach(visit);
    for (const number of [this.age, this.aim, this.stepsX, this.stepsY]) number.each(visit);
  }

  copy() {
    const out = new SnapshotModel(), all = [];
    this.each((bit) => all.push(bit));
    let at = 0;
    out.each((bit) => {
      bit.p = all[at].p;
      bit.seen = all[at++].seen;
    });
    return out;
  }
}

function players(source, model, baseline, tick) {
  const before = { ids: baseline.players.map((p) => p.slot),
    rows: baseline.players.map((p) => [p.x, p.y, p.aim, p.health, p.alive ? 1 : 0, p.score]) };
  const set = decodeRows(source, model.players, kPlayerFields, before, tick - baseline.tick, kMaxPlayers);
  if (set === null || (set.ids.at(-1) ?? 0) >= kMaxPlayers) return null;
  return set.ids.map((slot, i) => {
    const [x, y, aim, health, alive, score] = set.rows[i];
    return { slot, x, y, aim, health, alive: alive !== 0, score };
  });
}

/** A fresh projectile, told by who shot it: {aim, x, y}, or null. */
function shot(source, model, now) {
  let node = 1;
  for (let i = 0; i < 6; ++i) node = node * 2 + (source.bit(model.shooter[node]) ? 1 : 0);
  const age = model.age.decode(source) + 1;
  const turn = model.aim.decode(source);
  const stepsX = model.stepsX.decode(source), stepsY = model.stepsY.decode(source);
  const player = now.players[node - 64];
  if (!player || age < 1 || age > kMaxAge) return null;
  const from = { aim: player.aim + turn & 0xff, x: player.x + stepsX * kWalkSpeed & 0xffff,
    y: player.y + stepsY * kWalkSpeed & 0xffff };
  return flown(from, age);
}

function fresh(source, model, now, id) {
  const index = source.bit(model.appended) ? now.projectiles.length : source.raw(kIndexBits);
  const number = id + 1 + model.id.decode(source) & 0xffff;
  let body;
  if (source.bit(model.ofPlayer)) {
    body = shot(source, model, now);
    if (body === null) return null;
  } else {
    body = { aim: source.raw(8), x: source.raw(16), y: source.raw(16) };
  }
  if (source.exhausted() || index > now.projectiles.length) return null;
  now.projectiles.splice(index, 0, { id: number, aim: body.aim, x: body.x, y: body.y });
  return number;
}

function projectiles(source, model, baseline, now) {
  const ticks = now.tick - baseline.tick;
  let id = 0;
  for (const old of baseline.projectiles) {
    id = old.id;
    if (source.bit(model.stays)) now.projectiles.push(flown(old, ticks));
  }
  const count = model.fresh.decode(source);
  if (count < 0 || now.projectiles.length + count > kMaxProjectiles) return false;
  for (let i = 0; i < count; ++i) {
    id = fresh(source, model, now, id);
    if (id === null) return false;
  }
  return true;
}

/** The snapshot of `tick`; null when `bytes` (a Uint8Array) are not such a delta. `model` learns. */
export function decodeSnapshot(model, baseline, tick, bytes) {
  const source = new EntropyDecoder(bytes);
  const now = { tick, players: players(source, model, baseline, tick), projectiles: [] };
  if (now.players === null || !projectiles(source, model, baseline, now) || !source.complete()) return null;
  return now;
}

/** FNV-1a of 64 bits, in two halves: a BigInt for each byte would be slow. */
class Fnv64 {
  constructor() {
    this.high = 0xcbf29ce4;
    this.low = 0x84222325;
  }

  mix(value, bytes) {
    for (let i = 0; i < bytes; ++i) {
      const low = (this.low ^ (value >>> (8 * i) & 0xff)) >>> 0;
      // Times 2^40 + 0x1b3.
      const product = low * 0x1b3;
      this.high = (this.high * 0x1b3 + Math.floor(product / 2 ** 32) + low * 0x100) % 2 ** 32;
      this.low = product >>> 0;
    }
  }
}

/** {high, low}: game::view_hash. `low` is the checksum that travels. */
export function viewHash(snapshot) {
  const hash = new Fnv64();
  hash.mix(snapshot.tick, 4);
  hash.mix(snapshot.players.length, 1);
  for (const p of snapshot.players) {
    hash.mix(p.slot, 1);
    hash.mix(p.x, 2);
    hash.mix(p.y, 2);
    hash.mix(p.aim, 1);
    hash.mix(p.health | (p.alive ? 0x80 : 0), 1);
    hash.mix(p.score, 2);
  }
  for (const p of snapshot.projectiles) {
    hash.mix(p.id, 2);
    hash.mix(p.x, 2);
    hash.mix(p.y, 2);
    hash.mix(p.aim, 1);
  }
  return { high: hash.high, low: hash.low };
}
