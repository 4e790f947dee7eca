// The browser's game client beside a made-up socket: messages, prediction, the clock, coming back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GameClient } from '../../web/js/play/client.js';
import { ClockSync } from '../../web/js/play/clock.js';
import { Table, encode, string, table, u32, u64, u8 } from '../../web/js/play/flat.js';
import { aimOf, walkOf } from '../../web/js/play/input.js';
import { between, newestBefore } from '../../web/js/play/interpolation.js';
import { Lobby } from '../../web/js/play/lobby.js';
import { decodeServerMessage, encodeCommands, encodeHello } from '../../web/js/play/messages.js';
import { Prediction, kMaxAhead } from '../../web/js/play/prediction.js';

class FakeSocket {
  constructor() {
    this.readyState = 1;
    this.sent = [];
    FakeSocket.all.push(this);
  }

  send(data) {
    this.sent.push(data);
  }

  close() {
    this.readyState = 3;
  }
}
FakeSocket.all = [];

const framed = (channel, content) => Uint8Array.from([channel, ...content]).buffer;
const welcome = (slot) => framed(0, encode([u8(1), table([u8(slot), u8(30), string('match')])], 128));
const settle = () => new Promise((resolve) => { setTimeout(resolve, 0); });

test('What is encoded is what a reader of FlatBuffers finds', () => {
  const hello = Table.root(encodeHello({ token: 'abc', resumed: true }));
  assert.equal(hello.u8(0), 1);
  assert.deepEqual([hello.table(1).string(0), hello.table(1).u8(1)], ['abc', 1]);

  const commands = Table.root(encodeCommands({ ackedTick: 7, epoch: 3, firstSequence: 70000, size: 5,
    commands: Uint8Array.from([1, 2, 3, 4, 5]), mismatch: { tick: 9, hash: { high: 1, low: 2 } }, tables: 4, taken: 0xffffffff }));
  const body = commands.table(1);
  assert.equal(commands.u8(0), 2);
  assert.deepEqual([body.u32(0), body.u8(1), body.u32(2), body.u8(3), [...body.bytes(4)], body.u32(5), body.u32(7), body.u32(8)],
    [7, 3, 70000, 5, [1, 2, 3, 4, 5], 9, 4, 0xffffffff]);
  assert.equal(body.field(6) % 8, 0, 'eight bytes stand at a multiple of eight');
  assert.deepEqual([body.view.getUint32(body.field(6), true), body.view.getUint32(body.field(6) + 4, true)], [2, 1]);
});

test('What is no message of a server is nothing, whatever the bytes', () => {
  const good = new Uint8Array(welcome(3)).subarray(1);
  assert.deepEqual(decodeServerMessage(good), { type: 'welcome', slot: 3, tickHz: 30, match: 'match', game: '' });
  for (let size = 0; size < good.length; ++size) decodeServerMessage(good.slice(0, size));
  for (let at = 0; at < good.length; ++at) {
    for (const value of [0, 0x7f, 0xff]) {
      const bad = good.slice();
      bad[at] = value;
      decodeServerMessage(bad); // throws nothing
    }
  }
  assert.equal(decodeServerMessage(new Uint8Array()), null);
});

test('A prediction goes ahead, is put right, and stops when the server is silent', () => {
  const prediction = new Prediction();
  const own = { slot: 0, x: 25600, y: 2560, aim: 0, health: 100, alive: true, score: 0 };
  prediction.reconcile(own, 0);
  const east = { moveX: 1, moveY: 0, aim: 0, fire: false };
  for (let i = 0; i < 3; ++i) prediction.predict(east);
  assert.equal(prediction.player.x, 25600 + 3 * 64);

  prediction.reconcile({ ...own, x: 25664 }, 1);
  assert.equal(prediction.player.x, 25600 + 3 * 64);
  assert.equal(prediction.statistics.corrections, 0);

  prediction.reconcile({ ...own, x: 25000 }, 2);
  assert.equal(prediction.player.x, 25000 + 64);
  assert.deepEqual([prediction.statistics.corrections, prediction.statistics.largestCorrection], [1, 728]);
  for (let i = 0; i < kMaxAhead + 5; ++i) prediction.predict(east);
  assert.equal(prediction.unconfirmed.length, kMaxAhead);
  assert.equal(prediction.predict(east), null);
});

test('The clock finds the way, and asks for slower commands when many wait', () => {
  const clock = new ClockSync(30);
  const period = 1000 / 30;
  for (let tick = 1; tick <= 300; ++tick) {
    const now = tick * period;
    clock.sent(tick + 3, now);
    clock.received(tick, tick, 3, now);
  }
  assert.ok(Math.abs(clock.roundTripMs) < period, `${clock.roundTripMs}`);
  assert.ok(clock.commandPeriodMs() > period * 1.02);
  assert.ok(Math.abs(clock.serverTick(300 * period) - 300) < 1);
});

test('Between snapshots the living are on the way, and who came back is not drawn across the arena', () => {
  const history = [10, 11, 13].map((tick) => ({ tick, players: [{ slot: 0, alive: tick > 10, x: tick * 100, y: 0 }], projectiles: [] }));
  const { from, to } = newestBefore(history, 12);
  assert.deepEqual([from.tick, to.tick], [11, 13]);
  assert.equal(between(from, to, 0.5).players[0].x, 1200);
  assert.equal(between(history[0], history[1], 0.5).players[0].x, 1100);
  assert.equal(newestBefore(history, 99).to.tick, 13);
});

test('Sticks walk in eight directions, and aim in 256', () => {
  assert.deepEqual(walkOf(3, 3), [0, 0]);
  assert.deepEqual(walkOf(40, 0), [1, 0]);
  assert.deepEqual(walkOf(-30, 31), [-1, 1]);
  assert.deepEqual([aimOf(1, 0), aimOf(0, 1), aimOf(-1, 0), aimOf(0, -1)], [0, 64, 128, 192]);
});

test('A client that is cut off asks for another ticket, says that it resumes, and comes back', async () => {
  const asked = [];
  const client = new GameClient({
    ticket: async () => ({ url: 'ws://x', token: `t${asked.push(1)}` }),
    makeSocket: () => new FakeSocket(), random: () => 0 });
  try {
    await settle();
    const [first] = FakeSocket.all.slice(-1);
    first.onopen();
    first.onmessage({ data: welcome(5) });
    assert.deepEqual([client.state, client.slot], ['playing', 5]);
    client.send({ moveX: 1, moveY: 0, aim: 0, fire: false });
    assert.equal(first.sent.length, 2);

    first.onclose({ code: 1006, reason: '' });
    assert.equal(client.state, 'connecting');
    await new Promise((resolve) => { setTimeout(resolve, 100); });
    const [second] = FakeSocket.all.slice(-1);
    assert.notEqual(second, first);
    second.onopen();
    const hello = Table.root(new Uint8Array(second.sent[0]).subarray(1)).table(1);
    assert.deepEqual([hello.string(0), hello.u8(1)], ['t2', 1]);
    second.onmessage({ data: welcome(5) });
    assert.equal(client.statistics.reconnects, 1);

    second.onclose({ code: 4109, reason: 'the match is over' });
    assert.deepEqual([client.state, client.goodbye, client.reason], ['closed', 9, 'the match is over']);
  } finally {
    client.leave();
  }
});

test('A match of another game is not played', async () => {
  const client = new GameClient({ ticket: async () => ({ url: 'ws://x', token: 't' }), makeSocket: () => new FakeSocket() });
  await settle();
  const [socket] = FakeSocket.all.slice(-1);
  socket.onopen();
  socket.onmessage({ data: framed(0, encode([u8(1), table([u8(0), u8(30), string('m'), string('ball')])], 128)) });
  assert.deepEqual([client.state, client.reason], ['closed', 'The match is of ball, which is not played here']);
});

test('A ticket that is refused for good ends it', async () => {
  const client = new GameClient({ ticket: async () => { throw Object.assign(new Error('no such match'), { final: true }); } });
  await settle();
  assert.deepEqual([client.state, client.reason], ['closed', 'no such match']);
});

test('In the lobby probes are sent back, and wishes and answers are said', async () => {
  const heard = [];
  const lobby = new Lobby({ ticket: async () => ({ url: 'ws://x', token: 't' }), heard: (standing) => heard.push(standing),
    makeSocket: () => new FakeSocket() });
  await settle();
  const [socket] = FakeSocket.all.slice(-1);
  socket.onopen();
  socket.onmessage({ data: framed(0, encode([u8(5), table([u32(7)])], 64)) });
  const body = (i) => Table.root(new Uint8Array(socket.sent[i]).subarray(1));
  assert.deepEqual([body(1).u8(0), body(1).table(1).u32(0)], [5, 7]);

  const state = [string('proposed'), null, string('01T'), string('duel'), u64({ high: 1, low: 2 })];
  socket.onmessage({ data: framed(0, encode([u8(4), table(state)], 256)) });
  assert.deepEqual([heard[0].state, heard[0].ticket, heard[0].mode, heard[0].deadlineMs], ['proposed', '01T', 'duel', 2 ** 32 + 2]);

  lobby.enter({ mode: 'duel', party: ['bob', 'eve'], autoAccept: true });
  const wish = body(2).table(1);
  const party = wish.follow(wish.field(2));
  assert.deepEqual([body(2).u8(0), wish.string(0), wish.view.getUint32(party, true), wish.u8(4)], [3, 'duel', 2, 1]);
  lobby.answer(false);
  assert.deepEqual([body(3).u8(0), body(3).table(1).u8(0)], [4, 0]);
  lobby.close();
});
