// How fast to play so that the picture stays as close to live as the network allows. Pure: times come in.

const kStartMarginS = 0.06;  // what should be left in the buffer just before a chunk comes
const kMinMarginS = 0.04;
const kSoundMarginS = 0.09;  // at least this with sound: decoding and stretching hold some of it
const kMaxMarginS = 1.0;
const kWindowMs = 1000;      // the smallest rest of so long counts
const kCalmMs = 5_000;       // without a stall for so long: a little closer
const kMaxCalmMs = 160_000;  // twice as long each time that led to a stall
const kLeaveS = 0.03;        // an error so large is worked off,
const kReachS = 0.005;       // until it is so small
const kFarS = 0.3;           // faster from here

export class Pace {
  constructor({ sound = false } = {}) {
    this.least = sound ? kSoundMarginS : kMinMarginS;
    this.margin = Math.max(this.least, kStartMarginS);
    this.calmMs = kCalmMs;
    this.cameCloser = false;
    this.samples = [];  // {at, ahead}, ascending in both: a sliding minimum
    this.calmSince = null;
    this.working = 0;   // sign of the error that is being worked off
  }

  /** Seconds of media in front of the playhead, told just before a chunk is added at `nowMs`. */
  observe(ahead, nowMs) {
    while (this.samples.length > 0 && this.samples.at(-1).ahead >= ahead) this.samples.pop();
    this.samples.push({ at: nowMs, ahead });
    while (this.samples[0].at < nowMs - kWindowMs) this.samples.shift();
    this.calmSince ??= nowMs;
    if (nowMs - this.calmSince > this.calmMs) {
      this.cameCloser ||= this.margin > this.least;
      this.margin = Math.max(this.least, this.margin * 0.9);
      this.calmSince = nowMs;
    }
  }

  /** Playback stood still: the margin was too small. */
  stalled(nowMs) {
    if (this.cameCloser) this.calmMs = Math.min(kMaxCalmMs, this.calmMs * 2);
    this.cameCloser = false;
    this.margin = Math.min(kMaxMarginS, this.margin * 1.5 + 0.02);
    this.calmSince = nowMs;
    this.samples.length = 0;
  }

  /** After a jump what was observed holds no longer. */
  forget() {
    this.samples.length = 0;
  }

  /** The playback rate, 1 when all is well. Of few values, each held for long: a change costs the player time. */
  rate() {
    const slack = this.slack();
    return slack === null ? 1 : this.steer(slack);
  }

  /** Seconds in the buffer beyond what is needed; null: not known. */
  slack() {
    return this.samples.length === 0 ? null : this.samples[0].ahead - this.margin;
  }

  /** The playback rate that works off `error` seconds of being late. */
  steer(error) {
    if (Math.abs(error) > kLeaveS) this.working = Math.sign(error);
    if (error * this.working < kReachS) this.working = 0;
    if (this.working < 0) return 0.97;
    if (this.working > 0) return error > kFarS ? 1.1 : 1.05;
    return 1;
  }
}
