// The client's picture of the match: heads, baselines, checksums. game/wire.hpp and game/replica.hpp, the reader's side. Pure.
import { decodeSnapshot, kNothing, viewHash } from './snapshot.js';
import { TablesReader } from './tables.js';

const kMaxBaselines = 48;
const kAbsolute = 1;
const kDeltaHeadBytes = 11, kAbsoluteHeadBytes = 14;

/** The number nearest to `near` whose low 16 bits are these. */
function widen(low, near) {
  const difference = (low - near << 16) >> 16;
  return near + difference >>> 0;
}

/** {head, delta} of a packet; null when it has no head. */
export function takeHead(packet, nearTick, nearSequence) {
  if (packet.length < kDeltaHeadBytes) return null;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const flags = packet[0];
  const head = { tick: 0, baseline: 0, inputSequence: 0, checksum: 0, epoch: packet[1], waiting: flags >> 4, tables: flags >> 1 & 7 };
  if ((flags & kAbsolute) !== 0) {
    if (head.tables !== 0 || packet.length < kAbsoluteHeadBytes) return null;
    head.tick = view.getUint32(2, true);
    head.inputSequence = view.getUint32(6, true);
    head.checksum = view.getUint32(10, true);
    return { head, delta: packet.subarray(kAbsoluteHeadBytes) };
  }
  head.tick = widen(view.getUint16(2, true), nearTick);
  const distance = packet[4];
  if (distance === 0 || distance >= head.tick) return null;
  head.baseline = head.tick - distance;
  head.inputSequence = widen(view.getUint16(5, true), nearSequence);
  head.checksum = view.getUint32(7, true);
  return { head, delta: packet.subarray(kDeltaHeadBytes) };
}

export class ReplicaReader {
  constructor() {
    this.tables = new TablesReader();
    this.history = []; // oldest first, all of one epoch
    this.head = { tick: 0, baseline: 0, inputSequence: 0, checksum: 0, epoch: 0, waiting: 0, tables: 0 };
    this.mismatch = null; // {tick, hash}, until a packet that stands alone has come
  }

  get latest() {
    return this.history.at(-1) ?? null;
  }

  /** 'taken', 'late', 'no_baseline', 'malformed' or 'mismatch'. `packet` is a Uint8Array. */
  read(packet, nearSequence) {
    const newest = this.latest?.tick ?? 0;
    const taken = takeHead(packet, newest, nearSequence);
    if (taken === null) return 'malformed';
    const { head, delta } = taken;
    const another = head.epoch !== this.head.epoch;
    if (another ? head.baseline !== 0 : head.tick <= newest) return 'late';
    const from = head.baseline === 0 ? kNothing : this.history.find((one) => one.tick === head.baseline);
    const tables = this.tables.find(head.epoch, head.tables);
    if (!from || tables === null) return 'no_baseline';
    const snapshot = decodeSnapshot(tables.copy(), from, head.tick, delta);
    if (snapshot === null) return 'malformed';
    const hash = viewHash(snapshot);
    if (hash.low !== head.checksum) {
      this.mismatch = { tick: head.tick, hash };
      return 'mismatch';
    }
    if (another) this.history = [];
    if (head.baseline === 0) this.mismatch = null;
    this.head = head;
    this.history.push(snapshot);
    if (this.history.length > kMaxBaselines) this.history.shift();
    return 'taken';
  }

  /** What to tell the server that we have; 0: nothing that it may build on. */
  toAcknowledge() {
    return this.mismatch !== null ? 0 : this.latest?.tick ?? 0;
  }

  /** Bit i: the snapshot of i + 1 ticks before that was taken too. */
  taken() {
    let out = 0;
    for (const { tick } of this.history) {
      const before = this.latest.tick - tick;
      if (before >= 1 && before <= 32) out |= 1 << before - 1;
    }
    return out >>> 0;
  }

  tablesToAcknowledge() {
    return this.tables.newest(this.head.epoch);
  }
}
