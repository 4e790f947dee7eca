// What the page reads of a media playlist.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCues, thumbnailMs } from '../../web/js/cue_file.js';
import { parsePlaylist, reachesBack, segmentAfter, segmentAt } from '../../web/js/rewind.js';

const kPlaylist = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-MAP:URI="../../../video/init-7.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:2.00000,
../../../video/segment-1.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z
#EXT-X-PART:DURATION=0.2,URI="../../../video/part-2.0.m4s"
#EXTINF:2.10000,
../../../video/segment-2.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="../../../video/init-8.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:10.000Z
#EXTINF:1.90000,
../../../video/segment-3.m4s
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="../../../video/part-4.0.m4s"
`;

test('Whole segments are read with their time, length and init segment', () => {
  const segments = parsePlaylist(kPlaylist);

  assert.equal(segments.length, 3);
  assert.deepEqual(segments[1], { uri: '../../../video/segment-2.m4s', map: '../../../video/init-7.mp4',
    wallMs: Date.parse('2026-01-01T00:00:02Z'), seconds: 2.1 });
  assert.equal(segments[2].map, '../../../video/init-8.mp4');
});

test('A moment lies in the segment that began last before it', () => {
  const segments = parsePlaylist(kPlaylist);
  const at = (second) => segmentAt(segments, Date.parse('2026-01-01T00:00:00Z') + second * 1000);

  assert.deepEqual([at(-5), at(0), at(3.9), at(10), at(99)], [0, 0, 1, 2, 2]);
});

test('Segments without a time of their own follow the one before', () => {
  const [first, second] = parsePlaylist('#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z\n#EXTINF:4.5,\na.m4s\n#EXTINF:4,\nb.m4s\n');

  assert.equal(second.wallMs - first.wallMs, 4500);
});

test('What the window no longer has is looked for elsewhere, what is not there yet is not', () => {
  const segments = parsePlaylist(kPlaylist);
  const second = (number) => Date.parse('2026-01-01T00:00:00Z') + number * 1000;

  assert.deepEqual([-5, -0.4, 3].map((at) => reachesBack(segments, second(at))), [false, true, true]);
  assert.equal(reachesBack([], second(0)), false);
  assert.equal(segmentAfter(segments, second(2)), segments[1]);
  assert.equal(segmentAfter(segments, second(2.4)), segments[1], 'clocks waver');
  assert.equal(segmentAfter(segments, second(11.9)), undefined);
});

test('Names of recorded thumbnails say when they were live', () => {
  const [cue] = readCues('WEBVTT\n\n00:01:00.500 --> 01:00:00.000\nthumb-1700000000000000-5000000.jpg\n');

  assert.deepEqual([cue.start, cue.end], [60.5, 3600]);
  assert.equal(thumbnailMs(cue.text), 1700000005000);
  assert.ok(Number.isNaN(thumbnailMs('thumbnails?t=5')));
});
