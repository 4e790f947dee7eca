// Tables of what a match has learned of its deltas, the reader's side: game/tables.hpp. Pure.
import { Bit, EntropyDecoder } from './entropy.js';
import { SnapshotModel } from './snapshot.js';

const kKnownTables = 6;
const kEmpty = new SnapshotModel();

const shortVersion = (version) => (version === 0 ? 0 : (version - 1) % 7 + 1);

/** Null when the bytes are not of game::pack_model. */
export function unpackModel(bytes) {
  const source = new EntropyDecoder(bytes);
  const model = new SnapshotModel(), learned = new Bit();
  model.each((bit) => {
    if (source.bit(learned)) bit.unpack(source.raw(8));
  });
  return source.complete() ? model : null;
}

/** FNV-1a of 32 bits over epoch, version and bytes. */
export function checksumOf({ epoch, version, bytes }) {
  let hash = 2166136261;
  const mix = (byte) => { hash = Math.imul(hash ^ byte, 16777619) >>> 0; };
  mix(epoch);
  for (let i = 0; i < 4; ++i) mix(version >>> (8 * i) & 0xff);
  bytes.forEach(mix);
  return hash;
}

export class TablesReader {
  constructor() {
    this.epoch = 0;
    this.known = []; // oldest first
  }

  /** {epoch, version, bytes, checksum}. Tables of another epoch replace all; damaged ones are left out. */
  take(tables) {
    if (tables.version === 0 || checksumOf(tables) !== tables.checksum) return;
    const model = unpackModel(tables.bytes);
    if (model === null) return;
    if (tables.epoch !== this.epoch) this.known = [];
    this.epoch = tables.epoch;
    if (this.known.length > 0 && tables.version <= this.known.at(-1).version) return;
    this.known.push({ version: tables.version, model });
    this.known = this.known.filter((known) => known.version + kKnownTables > tables.version);
  }

  /** Null when they are not known; the empty model for 0. */
  find(epoch, version) {
    if (version === 0) return kEmpty;
    if (epoch !== this.epoch) return null;
    return this.known.find((known) => shortVersion(known.version) === version)?.model ?? null;
  }

  newest(epoch) {
    return epoch === this.epoch ? this.known.at(-1)?.version ?? 0 : 0;
  }
}
