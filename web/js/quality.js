// Which rendition to watch when the viewer leaves that to the page. Pure: times come in.

const kCalmMs = 20_000;       // without trouble for so long: try the next better
const kMaxCalmMs = 300_000;
const kTrialMs = 10_000;      // trouble within so long of going up: it was too much
const kSettleMs = 3_000;      // what a change brings takes so long to tell
const kTroubles = 2;          // within kTroubleMs: go down
const kTroubleMs = 10_000;
const kBehindMs = 1_500;      // further behind live than at best: what is sent waits on the way

export class AutoQuality {
  constructor() {
    this.calmMs = kCalmMs;
    this.troubles = [];
    this.changedAt = null;
    this.wentUpAt = null;
    this.since = null;    // the last trouble, or the beginning
    this.bestMs = Infinity;
  }

  /** Playback stood still, or the server left something out. */
  trouble(nowMs) {
    this.troubles.push(nowMs);
    this.since = nowMs;
  }

  /** How far behind live the picture is; it grows when more is sent than arrives. */
  latency(ms, nowMs) {
    this.bestMs = Math.min(this.bestMs, ms);
    if (ms > this.bestMs + kBehindMs) {
      this.bestMs = ms;  // each further step back counts once
      this.trouble(nowMs);
      this.trouble(nowMs);
    }
  }

  /** The index of the rendition to watch, of `count` with the best first; `current` is watched now. */
  choose(current, count, nowMs) {
    this.since ??= nowMs;
    if (this.changedAt !== null && nowMs - this.changedAt < kSettleMs) return current;
    this.troubles = this.troubles.filter((at) => at > nowMs - kTroubleMs);
    const failed = this.wentUpAt !== null && nowMs - this.wentUpAt < kTrialMs;
    if (this.troubles.length >= (failed ? 1 : kTroubles) && current + 1 < count) {
      if (failed) this.calmMs = Math.min(kMaxCalmMs, 2 * this.calmMs);
      this.wentUpAt = null;
      return this.change(current + 1, nowMs);
    }
    if (current > 0 && nowMs - this.since > this.calmMs) {
      this.wentUpAt = nowMs;
      return this.change(current - 1, nowMs);
    }
    return current;
  }

  change(to, nowMs) {
    this.changedAt = this.since = nowMs;
    this.troubles.length = 0;
    this.bestMs = Infinity;
    return to;
  }
}
