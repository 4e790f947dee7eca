// The frames of ball and sea; tests/unit/games_frames_test.cpp writes the same bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { betweenBall, decodeBall } from '../../web/js/watch/ball.js';
import { clockText, decodeSea } from '../../web/js/watch/sea.js';

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex')).buffer;
const kBall = '0102' + '02000300' + '0700' + '04030201' + '0540' + '5a00' + '002d' + '0032' + '1000' + '0000' + '005a' + '8032';
const kSea = '0102020102000300' + '2c010000' + 'c8000000' + '1815' + 'e803'
  + '030400000000000000000000' + '00'.repeat(88) + '00'.repeat(98) + '0200';

test('A frame of ball has the cars, the ball and the goals', () => {
  const frame = decodeBall(bytes(kBall));
  assert.equal(frame.tick, 0x01020304);
  assert.deepEqual(frame.goals, [2, 3]);
  assert.equal(frame.kickoff, 7);
  assert.deepEqual(frame.bodies, [
    { id: 5, heading: 64, boost: 90, x: 45 * 256, y: 50 * 256 },
    { id: 16, heading: 0, boost: 0, x: 90 * 256, y: 50 * 256 + 128 },
  ]);
  assert.deepEqual(frame.players, [{ slot: 5, score: 3, note: '90' }]);
});

test('Between two frames of ball everything rolls, but after a goal', () => {
  const frame = (x) => ({ tick: 1, bodies: [{ id: 16, x, y: 100 }] });
  assert.equal(betweenBall(frame(100), frame(200), 0.5).bodies[0].x, 150);
  assert.equal(betweenBall(frame(100), frame(9000), 0.5).bodies[0].x, 9000);
});

test('A frame of sea has what was shot at, and the clock of whose turn it is runs', () => {
  const frame = decodeSea(bytes(kSea));
  assert.equal(frame.what, 'shooting');
  assert.equal(frame.turn, 1);
  assert.deepEqual(frame.boards[0].slice(0, 3), [3, 4, 0]);
  assert.equal(frame.boards[1][98], 2);
  assert.deepEqual(frame.ticksLeft, [5400, 900]);
  assert.deepEqual(frame.players.map(({ score }) => score), [0, 2]);
  assert.equal(clockText(900, 30), '0:30');
  assert.equal(clockText(5400 - 29, 30), '3:00');
});

test('What is not a frame is refused', () => {
  for (const hex of ['', '02' + kBall.slice(2), kBall.slice(2), kBall + '00']) assert.throws(() => decodeBall(bytes(hex)), RangeError, hex);
  for (const hex of ['', '02' + kSea.slice(2), kSea.slice(2), kSea + '00', kBall]) assert.throws(() => decodeSea(bytes(hex)), RangeError, hex);
});
