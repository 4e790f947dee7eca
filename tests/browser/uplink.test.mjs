// What a broadcaster's page sends when: the server's window, and what may wait.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordingType } from '../../web/js/broadcast_sources.js';
import { Window } from '../../web/js/broadcast_uplink.js';

const bytes = (size) => new ArrayBuffer(size);
const size = (pieces) => pieces.reduce((sum, piece) => sum + piece.byteLength, 0);

test('nothing goes out before the server has said how much may', () => {
  const window = new Window(1 << 20);
  assert.ok(window.add(bytes(100)));
  assert.equal(window.take().length, 0);
  window.window = 1000;
  assert.equal(size(window.take()), 100);
});

test('what the server has not taken bounds what goes out', () => {
  const window = new Window(1 << 20);
  window.window = 100_000;
  assert.ok(window.add(bytes(300_000)));

  const first = window.take();
  assert.ok(size(first) <= 100_000);
  assert.ok(first.every((piece) => piece.byteLength <= 32 * 1024));
  assert.equal(size(window.take()), 0);

  window.acknowledge(size(first));
  const second = window.take();
  assert.ok(size(second) > 0);
  assert.equal(window.waiting, 300_000 - size(first) - size(second));
});

test('more than may wait is refused whole', () => {
  const window = new Window(1000);
  assert.ok(window.add(bytes(900)));
  assert.equal(window.add(bytes(101)), false);
  assert.equal(window.waiting, 900);
});

test('H.264 in WebM is preferred, VP8 alone is nothing', () => {
  assert.equal(recordingType(() => true), 'video/webm;codecs=h264,opus');
  assert.equal(recordingType((type) => type.includes('vp9')), 'video/webm;codecs=vp9,opus');
  assert.equal(recordingType((type) => type === 'video/webm;codecs=vp8,opus'), null);
});
