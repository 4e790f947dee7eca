// The adaptive playback pace, over a simulated buffer: chunks come with a known delay, playback consumes at the asked rate.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepsPitch, Pace } from '../../web/js/pace.js';

/** Plays `seconds` of chunks of `chunkMs`, each `lateMs(i)` late; returns {ahead, stalls} at the end of each second. */
function play(pace, { seconds, chunkMs, lateMs = () => 0, ahead = 0.5 }) {
  const out = [];
  let [next, rate, stalls, standing] = [0, 1, 0, false];
  let due = lateMs(0);
  for (let ms = 0; ms < seconds * 1000; ++ms) {
    while (ms >= due) {
      pace.observe(ahead, ms);
      ahead += chunkMs / 1000;
      standing = false;
      ++next;
      due = Math.max(ms, next * chunkMs + lateMs(next));
      rate = pace.rate(ms);
      if (due > ms) break;
    }
    ahead -= rate / 1000;
    if (ahead <= 0) {
      ahead = 0;
      if (!standing) {
        pace.stalled(ms);
        ++stalls;
        standing = true;
      }
    }
    if (ms % 1000 === 999) out.push({ ahead, stalls });
  }
  return out;
}

test('A viewer who is half a second behind comes to the margin within fifteen seconds, and stays', () => {
  const pace = new Pace();

  const seen = play(pace, { seconds: 60, chunkMs: 33.3 });

  for (const { ahead } of seen.slice(15)) assert.ok(ahead < pace.margin + 0.034 + 0.04, `${ahead} s ahead`);
  assert.equal(seen.at(-1).stalls, 0);
});

test('Chunks of 100 ms need a chunk more of buffer and no stall', () => {
  const pace = new Pace();

  const seen = play(pace, { seconds: 60, chunkMs: 100 });

  for (const { ahead } of seen.slice(15)) assert.ok(ahead < pace.margin + 0.1 + 0.04, `${ahead} s ahead`);
  assert.equal(seen.at(-1).stalls, 0);
});

test('On a network that holds a chunk for 300 ms every five seconds the margin grows until it stalls no more', () => {
  const pace = new Pace();

  const seen = play(pace, { seconds: 120, chunkMs: 33.3, lateMs: (i) => (i % 150 === 149 ? 300 : 0) });

  assert.ok(seen[119].stalls > 0, 'the first ones cannot be foreseen');
  assert.ok(seen[119].stalls - seen[59].stalls <= 2, `${seen[119].stalls} stalls, ${seen[59].stalls} in the first minute`);
});

test('After a bad minute the margin shrinks again', () => {
  const pace = new Pace();
  for (let i = 0; i < 6; ++i) pace.stalled(i * 1000);
  const wide = pace.margin;

  play(pace, { seconds: 120, chunkMs: 33.3 });

  assert.ok(pace.margin < wide / 1.5, `${wide} s, now ${pace.margin} s`);
});

test('The rate is never so far from one that it is heard', () => {
  const pace = new Pace();
  for (let ms = 0; ms < 60_000; ms += 33) {
    pace.observe(Math.abs(Math.sin(ms / 777)) * 3, ms);
    assert.ok(pace.rate(ms) >= 0.98 && pace.rate(ms) <= 1.1);
  }
});

test('Near the margin sound is not stretched, and changes its pitch by a third of a semitone at most', () => {
  const pace = new Pace({ sound: true });
  for (let error = 0.06; error > -0.5; error -= 0.001) {
    const rate = pace.steer(error, 0);
    assert.equal(keepsPitch(rate), false, `${error} s late`);
    assert.ok(Math.abs(12 * Math.log2(rate)) < 0.36);
  }
  for (const error of [0.07, 0.5]) assert.equal(keepsPitch(pace.steer(error, 0)), true, `${error} s late`);
});

test('Being a little late is worked off when it stays, and not when it passes', () => {
  const pace = new Pace();
  for (let ms = 0; ms <= 1900; ms += 100) assert.equal(pace.steer(0.02, ms), 1);
  assert.equal(pace.steer(0.001, 2000), 1);

  for (let ms = 2100; ms <= 4100; ms += 100) assert.equal(pace.steer(0.02, ms), 1);

  assert.ok(pace.steer(0.02, 4200) > 1);
  assert.equal(pace.steer(0.004, 4300), 1, 'done');
});

test('Sound is never left with less than decoding and stretching hold', () => {
  const pace = new Pace({ sound: true });

  play(pace, { seconds: 600, chunkMs: 33.3 });

  assert.ok(pace.margin >= 0.08, `${pace.margin} s`);
});

test('What led to a stall is tried again after twice the time', () => {
  const pace = new Pace();
  const comesCloserAfter = () => {
    const from = now;
    for (const margin = pace.margin; pace.margin === margin; now += 100) pace.observe(0.5, now);
    return now - from;
  };
  let now = 0;
  pace.stalled(now);
  const first = comesCloserAfter();

  pace.stalled(now);

  assert.ok(Math.abs(comesCloserAfter() - 2 * first) < 300);
});
