// The messages of schemas/game.fbs that a player sends and gets. Pure.
import { Table, bytes, encode, string, strings, table, u32, u64, u8 } from './flat.js';

const kHello = 1, kCommands = 2, kQueue = 3, kQueueAnswer = 4, kClientProbe = 5;         // ClientBody
const kWelcome = 1, kMatchEnded = 2, kTables = 3, kQueueState = 4, kServerProbe = 5;     // ServerBody

const clientMessage = (type, body, capacity) => encode([u8(type), table(body)], capacity);

export function encodeHello({ token, resumed }) {
  return clientMessage(kHello, [string(token), u8(resumed ? 1 : 0)], token.length + 128);
}

/** `commands`: the bytes of consecutive ones, `size` each; `mismatch`: {tick, hash: {high, low}} or null. */
export function encodeCommands({ ackedTick, epoch, firstSequence, size, commands, mismatch, tables, taken }) {
  return clientMessage(kCommands, [u32(ackedTick), u8(epoch), u32(firstSequence), u8(size), bytes(commands),
    mismatch && u32(mismatch.tick), mismatch && u64(mismatch.hash), u32(tables), u32(taken)], commands.length + 192);
}

export function encodeProbe(number) {
  return clientMessage(kClientProbe, [u32(number)], 64);
}

export function encodeQueue({ mode, party = [], roles = [], autoAccept = false }) {
  const size = [mode, ...party, ...roles].reduce((sum, name) => sum + 3 * name.length + 16, 128);
  return clientMessage(kQueue, [string(mode), null, strings(party), strings(roles), u8(autoAccept ? 1 : 0)], size);
}

export function encodeQueueAnswer({ accept, autoAccept = false }) {
  return clientMessage(kQueueAnswer, [u8(accept ? 1 : 0), null, u8(autoAccept ? 1 : 0)], 64);
}

function queueState(body) {
  return { type: 'queue', state: body.string(0), reason: body.string(1), ticket: body.string(2), mode: body.string(3),
    deadlineMs: body.u64(4), pingMs: body.u16(5), region: body.string(6), match: body.string(7), team: body.u8(8),
    ws: body.string(11), token: body.string(12) };
}

/** {type: 'welcome' | 'ended' | 'tables' | 'queue' | 'probe', …}; null for what is not known. */
export function decodeServerMessage(content) {
  try {
    const message = Table.root(content);
    const body = message.table(1);
    if (body === null) return null;
    switch (message.u8(0)) {
      case kWelcome:
        return { type: 'welcome', slot: body.u8(0), tickHz: Math.max(1, body.u8(1)), match: body.string(2), game: body.string(3) };
      case kMatchEnded:
        return { type: 'ended', placements: body.tables(0).map((row) => ({
          player: row.string(0), place: row.u8(1), score: row.u16(2) })) };
      case kTables:
        return { type: 'tables', epoch: body.u8(0), version: body.u32(1), bytes: body.bytes(2), checksum: body.u32(3) };
      case kQueueState:
        return queueState(body);
      case kServerProbe:
        return { type: 'probe', number: body.u32(0) };
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
