// Cues without a browser: a video that says which picture it shows.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Cues } from '../../web/js/cues.js';

globalThis.document ??= { hidden: false };

class Video extends EventTarget {
  videoWidth = 640;
  requestVideoFrameCallback(then) { this.then = then; }
  show(seconds) { this.then(0, { mediaTime: seconds }); }
}

function stage() {
  const video = new Video();
  const seen = [];
  video.addEventListener('troupe-cue', ({ detail }) => seen.push(detail.number));
  return { video, seen, cues: new Cues(video) };
}
const cue = (number, seconds) => ({ number, media_us: seconds * 1e6, scheme: 'urn:x', payload: '' });

test('a cue is dispatched with the first picture that reaches it, in the order of the media', () => {
  const { video, seen, cues } = stage();
  cues.add(cue(2, 3));
  cues.add(cue(1, 2));
  video.show(1.99);
  assert.deepEqual(seen, []);
  video.show(2);
  assert.deepEqual(seen, [1]);
  video.show(9);
  assert.deepEqual(seen, [1], 'six seconds late is too late');
});

test('what comes again is dispatched once', () => {
  const { video, seen, cues } = stage();
  cues.add(cue(1, 2));
  cues.add(cue(1, 2));
  video.show(2.01);
  cues.add(cue(1, 2));
  video.show(2.02);
  assert.deepEqual(seen, [1]);
});

test('after a new publication nothing of the old one is dispatched', () => {
  const { video, seen, cues } = stage();
  cues.add(cue(1, 2));
  cues.clear();
  video.show(3);
  assert.deepEqual(seen, []);
});
