// The messages of schemas/game.fbs that a player sends and gets. Pure.
import { Table, bytes, encode, string, table, u32, u64, u8 } from './flat.js';

const kHello = 1, kCommands = 2;                  // ClientBody
const kWelcome = 1, kMatchEnded = 2, kTables = 3; // ServerBody

const clientMessage = (type, body, capacity) => encode([u8(type), table(body)], capacity);

export function encodeHello({ token, resumed }) {
  return clientMessage(kHello, [string(token), u8(resumed ? 1 : 0)], token.length + 128);
}

/** `commands`: the bytes of consecutive ones, `size` each; `mismatch`: {tick, hash: {high, low}} or null. */
export function encodeCommands({ ackedTick, epoch, firstSequence, size, commands, mismatch, tables, taken }) {
  return clientMessage(kCommands, [u32(ackedTick), u8(epoch), u32(firstSequence), u8(size), bytes(commands),
    mismatch && u32(mismatch.tick), mismatch && u64(mismatch.hash), u32(tables), u32(taken)], commands.length + 192);
}

/** {type: 'welcome' | 'ended' | 'tables', …}; null for what is not known. */
export function decodeServerMessage(content) {
  try {
    const message = Table.root(content);
    const body = message.table(1);
    if (body === null) return null;
    switch (message.u8(0)) {
      case kWelcome:
        return { type: 'welcome', slot: body.u8(0), tickHz: Math.max(1, body.u8(1)), match: body.string(2) };
      case kMatchEnded:
        return { type: 'ended', placements: body.tables(0).map((row) => ({
          player: row.string(0), place: row.u8(1), score: row.u16(2) })) };
      case kTables:
        return { type: 'tables', epoch: body.u8(0), version: body.u32(1), bytes: body.bytes(2), checksum: body.u32(3) };
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
