// Plays the tracks of one publication through Media Source Extensions, one SourceBuffer each, close to the live edge.
import { describe } from './mp4.js';
import { keepsPitch, Pace } from './pace.js';

const kKeepBehindS = 10;      // seconds kept behind the playhead
const kJumpFromS = 1.5;       // further from the margin: jump instead of playing faster
const kJumpAtStartS = 0.3;    // the same while a publication begins, when a jump disturbs nobody
const kStartMs = 2000;
const kJumpMs = 500;          // what a jump takes at most
const kJumpToS = 0.15;        // beyond the margin, for a chunk that is not there yet
const kJumpTogetherS = 0.5;   // further from those who watch with us: jump
const kMaxQueuedBytes = 32 << 20;

export class Player {
  /** `onProblem(text)` hears of what cannot be played, `onStall()` of playback that stood still. */
  constructor(video, onProblem, onStall = () => {}) {
    this.video = video;
    this.onProblem = onProblem;
    this.tracks = new Map();
    this.pace = new Pace();
    this.lateS = () => null; // those who watch together say how late it is
    video.addEventListener('waiting', () => {
      if (this.source && !this.leaveGap() && !video.seeking && performance.now() > this.steadyFrom) {
        this.pace.stalled(performance.now());
        this.resume();
        onStall();
      }
    });
  }

  /** Begins a publication. `tracks` is the list of the hello. */
  start(tracks) {
    this.stop();
    this.pace = new Pace({ sound: tracks.some(({ kind }) => kind === 'audio') });
    this.startedAt = null;
    this.steadyFrom = Infinity; // stalls from then on are the network's: those before belong to starts and jumps
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
      for (const track of new Set(this.tracks.values())) {
        track.buffer = source.addSourceBuffer(track.mime);
        track.buffer.mode = 'segments';
        track.buffer.addEventListener('updateend', () => {
          this.pump(track);
          this.follow();
        });
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

  /** The server goes on with another rendition of the picture; its init segment comes next. */
  rendition({ track: id, mime }) {
    const track = [...this.tracks.values()].find(({ kind }) => kind === 'video');
    if (!track) return;
    this.tracks.set(id, track);
    track.queue.push({ mime });
    this.pump(track);
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
    if (track.kind === 'video' && !this.video.seeking) this.pace.observe(this.ahead(), performance.now());
    const data = track.queue.shift();
    if (data.mime) {
      if (data.mime !== track.mime && buffer.changeType) buffer.changeType(data.mime);
      track.mime = data.mime;
      this.pump(track);
      return;
    }
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
    if (!this.source) return;
    if (ranges.length === 0 || video.seeking || this.pausedByUser) return;
    const start = ranges.start(ranges.length - 1), end = ranges.end(ranges.length - 1);
    if (this.startedAt === null) {
      this.startedAt = performance.now();
      this.steadyFrom = this.startedAt + kStartMs;
    }
    const jumpFrom = performance.now() < this.startedAt + kStartMs ? kJumpAtStartS : kJumpFromS;
    const late = this.lateS();
    if (late !== null && video.currentTime >= ranges.start(0)) return this.keepTo(late, start, end);
    if (video.currentTime < ranges.start(0) || this.ahead() > this.pace.margin + jumpFrom) {
      const to = Math.max(start, end - this.pace.margin - kJumpToS);
      if (to > video.currentTime) {
        video.currentTime = to;
        this.pace.forget();
        this.steadyFrom = Math.max(this.steadyFrom, performance.now() + kJumpMs);
      }
    }
    if (video.paused && !this.pausedByUser) video.play().catch(() => {});
    this.playAt(this.pace.rate(performance.now()));
  }

  /** Plays so that what is `late` seconds late is so no more. */
  keepTo(late, start, end) {
    const { video } = this;
    const to = video.currentTime + late;
    if (Math.abs(late) > kJumpTogetherS && to > start && to < end - kJumpToS) {
      video.currentTime = to;
      this.pace.forget();
      this.steadyFrom = Math.max(this.steadyFrom, performance.now() + kJumpMs);
    }
    if (video.paused && !this.pausedByUser) video.play().catch(() => {});
    this.playAt(this.pace.steer(late, performance.now()));
  }

  playAt(rate) {
    if (this.video.playbackRate === rate) return;
    this.video.preservesPitch = keepsPitch(rate);
    this.video.playbackRate = rate;
  }

  /**
   * Chromium waits for twice as much sound after each time that it ran out of it, 0.2 s at first, until somebody seeks
   * (media/filters/audio_renderer_algorithm: the threshold is kept by underflows and reset by a flush).
   */
  resume() {
    if ([...this.tracks.values()].some(({ kind }) => kind === 'audio')) {
      this.video.currentTime += 0; // where it stands
      this.pace.forget();
    }
  }

  /** After a skip there is a hole: playback goes on behind it. False when there is none. */
  leaveGap() {
    const ranges = this.video.buffered;
    for (let i = 0; i < ranges.length; ++i) {
      if (ranges.start(i) > this.video.currentTime) {
        this.video.currentTime = ranges.start(i);
        this.pace.forget();
        return true;
      }
    }
    return false;
  }
}
