// Plays the tracks of one publication through Media Source Extensions, one SourceBuffer each, close to the live edge.
import { describe } from './mp4.js';

const kKeepBehindS = 10;      // seconds kept behind the playhead
const kTargetBehindS = 0.5;   // how far from the end of the buffer playback should be
const kCatchUpFromS = 1.0;    // further away: play faster
const kJumpFromS = 4.0;       // much further: jump
const kMaxQueuedBytes = 32 << 20;

export class Player {
  /** `onProblem(text)` hears of what cannot be played. */
  constructor(video, onProblem) {
    this.video = video;
    this.onProblem = onProblem;
    this.tracks = new Map();
    video.addEventListener('waiting', () => this.leaveGap());
  }

  /** Begins a publication. `tracks` is the list of the hello. */
  start(tracks) {
    this.stop();
    const playable = tracks.filter((track) => {
      const fine = MediaSource.isTypeSupported(track.mime);
      if (!fine) this.onProblem(`This browser cannot play ${track.mime}`);
      return fine;
    });
    const source = new MediaSource();
    this.source = source;
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    for (const track of playable) this.tracks.set(track.id, { ...track, queue: [], bytes: 0, buffer: null });
    source.addEventListener('sourceopen', () => {
      if (this.source !== source) return;
      for (const track of this.tracks.values()) {
        track.buffer = source.addSourceBuffer(track.mime);
        track.buffer.mode = 'segments';
        track.buffer.addEventListener('updateend', () => this.pump(track));
        track.buffer.addEventListener('error', () => this.onProblem(`Cannot decode the ${track.kind}`));
        this.pump(track);
      }
    }, { once: true });
  }

  stop() {
    this.tracks.clear();
    if (!this.source) return;
    this.source = null;
    this.video.removeAttribute('src');
    this.video.load();
    URL.revokeObjectURL(this.url);
  }

  /** A binary message of the server. */
  append(data) {
    const track = this.tracks.get(describe(data).track);
    if (!track) return;
    track.queue.push(data);
    track.bytes += data.byteLength;
    if (track.bytes > kMaxQueuedBytes) {
      this.onProblem('This device cannot keep up');
      track.queue.length = 0;
      track.bytes = 0;
    }
    this.pump(track);
  }

  pump(track) {
    const { buffer } = track;
    if (!buffer || buffer.updating || this.source?.readyState !== 'open') return;
    const ranges = buffer.buffered;
    const keepFrom = this.video.currentTime - kKeepBehindS;
    if (ranges.length > 0 && ranges.start(0) < keepFrom - kKeepBehindS) {
      buffer.remove(0, keepFrom);
      return;
    }
    if (track.queue.length === 0) return;
    const data = track.queue.shift();
    track.bytes -= data.byteLength;
    try {
      buffer.appendBuffer(data);
    } catch (error) {
      if (error.name !== 'QuotaExceededError') throw error;
      track.queue.unshift(data);
      track.bytes += data.byteLength;
      if (keepFrom > 0) buffer.remove(0, Math.max(keepFrom, 0.1));
    }
  }

  /** Seconds of media after the playhead. */
  ahead() {
    const ranges = this.video.buffered;
    return ranges.length === 0 ? 0 : Math.max(0, ranges.end(ranges.length - 1) - this.video.currentTime);
  }

  /** Keeps playback near the live edge; to be called a few times a second. */
  follow() {
    const { video } = this;
    const ranges = video.buffered;
    if (ranges.length === 0) return;
    const start = ranges.start(ranges.length - 1);
    const ahead = this.ahead();
    if (video.currentTime < ranges.start(0) || ahead > kJumpFromS) {
      video.currentTime = Math.max(start, ranges.end(ranges.length - 1) - kTargetBehindS);
    }
    if (video.paused && !this.pausedByUser) video.play().catch(() => {});
    video.playbackRate = ahead > kCatchUpFromS ? 1.1 : 1;
  }

  /** After a skip there is a hole: playback goes on behind it. */
  leaveGap() {
    const ranges = this.video.buffered;
    for (let i = 0; i < ranges.length; ++i) {
      if (ranges.start(i) > this.video.currentTime) {
        this.video.currentTime = ranges.start(i);
        return;
      }
    }
  }
}
