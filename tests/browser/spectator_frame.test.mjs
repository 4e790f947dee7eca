// The frames of a watched match; tests/unit/match_spectator_test.cpp writes the same bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between, decodeFrame } from '../../web/js/spectator_frame.js';

const kFrame = '01020100' + '04030201' + '03014050' + '0201e803ffc7' + '3f00ff00' + '000000000100' + '01022c019001' + '80';
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex')).buffer;

test('A frame says where everybody is', () => {
  assert.deepEqual(decodeFrame(bytes(kFrame)), {
    tick: 0x01020304,
    players: [
      { slot: 3, alive: true, aim: 64, health: 80, score: 258, x: 1000, y: 51199 },
      { slot: 63, alive: false, aim: 255, health: 0, score: 0, x: 0, y: 1 },
    ],
    projectiles: [{ id: 513, x: 300, y: 400, aim: 128 }],
  });
});

test('What is not a frame is refused', () => {
  for (const hex of ['', '02000000' + '00000000', kFrame.slice(0, -2), kFrame + '00', '01ff0000' + '00000000']) {
    assert.throws(() => decodeFrame(bytes(hex)), RangeError, hex);
  }
});

test('Between two frames everybody is on the way, but who came back elsewhere', () => {
  const frame = (tick, players) => ({ tick, players, projectiles: [] });
  const from = frame(1, [{ slot: 0, x: 100, y: 100 }, { slot: 1, x: 100, y: 100 }]);
  const to = frame(2, [{ slot: 0, x: 164, y: 36 }, { slot: 1, x: 9000, y: 100 }, { slot: 2, x: 5, y: 5 }]);

  assert.deepEqual(between(from, to, 0.5).players,
    [{ slot: 0, x: 132, y: 68 }, { slot: 1, x: 9000, y: 100 }, { slot: 2, x: 5, y: 5 }]);
});
