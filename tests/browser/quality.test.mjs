// The page's own choice of a rendition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoQuality } from '../../web/js/quality.js';

test('Two stalls lead one rendition down, one does not', () => {
  const auto = new AutoQuality();
  auto.choose(0, 3, 0);

  auto.trouble(5_000);
  assert.equal(auto.choose(0, 3, 5_000), 0);
  auto.trouble(8_000);
  assert.equal(auto.choose(0, 3, 8_000), 1);
});

test('What was changed has time to tell before the next step', () => {
  const auto = new AutoQuality();
  auto.trouble(0);
  auto.trouble(0);
  assert.equal(auto.choose(0, 3, 0), 1);

  auto.trouble(1_000);
  auto.trouble(1_000);
  assert.equal(auto.choose(1, 3, 1_000), 1);
  assert.equal(auto.choose(1, 3, 4_000), 2);
});

test('The lowest rendition stays in trouble, and nothing is below it', () => {
  const auto = new AutoQuality();
  for (let at = 0; at < 5; ++at) auto.trouble(at);

  assert.equal(auto.choose(2, 3, 10), 2);
});

test('After a calm while the next better one is tried, and later each time that fails', () => {
  const auto = new AutoQuality();
  const ups = [];
  let current = 1;
  for (let now = 0; now < 300_000; now += 250) {
    const next = auto.choose(current, 2, now);
    if (next < current) ups.push(now);
    current = next;
    if (current === 0 && now === ups.at(-1) + 4_000) auto.trouble(now);  // too much each time
  }

  assert.ok(ups.length >= 3, `${ups}`);
  const gaps = ups.slice(1).map((at, i) => at - ups[i]);
  for (let i = 1; i < gaps.length; ++i) assert.ok(gaps[i] > 1.6 * gaps[i - 1], `${gaps}`);
});

test('Falling behind live counts as trouble', () => {
  const auto = new AutoQuality();
  auto.choose(0, 2, 0);
  auto.latency(200, 1_000);
  auto.latency(900, 2_000);
  assert.equal(auto.choose(0, 2, 2_000), 0);

  auto.latency(1_800, 3_000);

  assert.equal(auto.choose(0, 2, 3_000), 1);
});
