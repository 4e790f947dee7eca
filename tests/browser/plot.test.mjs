// What the health page's plots count.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ago, niceTop, pathOf, rangeOf, shown, spanOf } from '../../web/js/plot.js';

test('an axis ends at a round number that holds all', () => {
  assert.equal(niceTop(1), 1);
  assert.equal(niceTop(1_300), 2_000);
  assert.equal(niceTop(30), 50);
  assert.equal(niceTop(0.3), 0.5);
  assert.equal(niceTop(0), 1);
});

test('an axis shows zero, negative values and nothing at all', () => {
  assert.deepEqual(rangeOf([3, 7]), [0, 10]);
  assert.deepEqual(rangeOf([-30, 4]), [-50, 5]);
  assert.deepEqual(rangeOf([-30]), [-50, 0]);
  assert.deepEqual(rangeOf([]), [0, 1]);
  assert.deepEqual(rangeOf([5], { fixed: [-70, 0] }), [-70, 0]);
  assert.deepEqual(rangeOf([3, -0.2], { least: 100 }), [0, 100]);
});

test('a line is broken where seconds are missing', () => {
  const same = (value) => value;
  assert.equal(pathOf([[0, 1], [1000, 2], [9000, 3]], same, same, 1500), 'M0.0 1.0L1000.0 2.0M9000.0 3.0');
});

test('as much of the past is shown as there is', () => {
  assert.equal(spanOf(1_000, 31_000), 60_000);
  assert.equal(spanOf(0, 200_000), 300_000);
  assert.equal(spanOf(0, 2_000_000), 600_000);
  assert.equal(ago(12_000, 60_000), '−12 s');
  assert.equal(ago(240_000, 300_000), '−4 min');
});

test('figures have as many digits as tell something', () => {
  assert.equal(shown(1_499.6), '1,500');
  assert.equal(shown(29.97), '30');
  assert.equal(shown(0.052), '0.05');
  assert.equal(shown(-0.002), '0');
  assert.equal(shown(undefined), '–');
});
