// The pure parts of the asset's player.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockText, reach, segmentFrom } from '../../web/js/asset_player.js';

test('Times read as clocks do', () => {
  assert.deepEqual([0, 59.9, 61, 3725].map(clockText), ['0:00', '0:59', '1:01', '1:02:05']);
});

test('A moment is loaded from the segment that holds it, and none holds what is behind the end', () => {
  const segments = [{ end: 4 }, { end: 8 }, { end: 9.5 }];

  assert.deepEqual([0, 4, 7.9, 9, 9.5].map((at) => segmentFrom(segments, at)), [0, 1, 1, 2, 3]);
});

test('Ranges reach over holes that are none, and no further', () => {
  const ranges = [[0, 4], [4.1, 8], [10, 12]];

  assert.deepEqual([1, 5, 8.5, 10, 20].map((at) => reach(ranges, at)), [8, 8, 8.5, 12, 20]);
});
