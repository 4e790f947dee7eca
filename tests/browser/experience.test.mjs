// What the page tells the server of its playing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Experience } from '../../web/js/experience.js';

test('The first picture ends the start, and stalls before it are none', () => {
  const experience = new Experience(1000);
  experience.waiting(1100);
  experience.playing(1450);

  assert.deepEqual(experience.report(2450), { watched_ms: 1000, rebuffers: 0, rebuffer_ms: 0, start_ms: 450 });
});

test('A stall counts once, for as long as it lasts, and is not watched', () => {
  const experience = new Experience(0);
  experience.playing(100);
  experience.waiting(1100);
  experience.waiting(1200);

  assert.deepEqual(experience.report(1400), { watched_ms: 1000, rebuffers: 1, rebuffer_ms: 300, start_ms: 100 });
  experience.playing(1600);
  assert.deepEqual(experience.report(2600), { watched_ms: 2000, rebuffers: 1, rebuffer_ms: 500, start_ms: 100 });
});

test('Who pauses does not stall', () => {
  const experience = new Experience(0);
  experience.playing(100);
  experience.stopped(600);

  assert.deepEqual(experience.report(9000), { watched_ms: 500, rebuffers: 0, rebuffer_ms: 0, start_ms: 100 });
});

test('Nothing has started: there is no start time to tell', () => {
  assert.deepEqual(new Experience(0).report(500), { watched_ms: 0, rebuffers: 0, rebuffer_ms: 0 });
});
