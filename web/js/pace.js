// How fast to play so that the picture stays as close to live as the network allows. Pure: times come in.

const kStartMarginS = 0.06;  // what should be left in the buffer just before a chunk comes
const kMinMarginS = 0.04;
const kSoundMarginS = 0.08;  // at least this with sound: decoding and stretching hold some of it
const kMaxMarginS = 1.0;
const kWindowMs = 1000;      // the smallest rest of so long counts
const kCalmMs = 5_000;       // without a stall for so long: a little closer
const kMaxCalmMs = 160_000;  // twice as long each time that led to a stall
const kLeaveS = 0.03;        // an error so large is worked off,
const kLateS = 0.01;         // and one so large if it stays
const kLateMs = 2_000;       // for so long,
const kReachS = 0.005;       // until it is so small
const kNearS = 0.06;         // up to here by so little that nobody hears it
const kFarS = 0.3;           // faster from here
const kSlightly = 0.02;

/**
 * Whether sound at this rate is to keep its pitch. To stretch it, Chromium needs up to 0.1 s more of sound than it plays,
 * and waits when that is not there: near the margin it is resampled, which changes the pitch by a third of a semitone.
 */
export const keepsPitch = (rate) => Math.abs(rate - 1) > kSlightly + 0.001;

export class Pace {
  constructor({ sound = false } = {}) {
    this.least = sound ? kSoundMarginS : kMinMarginS;
    this.margin = Math.max(this.least, kStartMarginS);
    this.calmMs = kCalmMs;
    this.cameCloser = false;
    this.samples = [];  // {at, ahead}, ascending in both: a sliding minimum
    this.calmSince = null;
    this.working = 0;   // sign of the error that is being worked off
    this.lateSince = null;
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
  rate(nowMs) {
    const slack = this.slack();
    return slack === null ? 1 : this.steer(slack, nowMs);
  }

  /** Seconds in the buffer beyond what is needed; null: not known. */
  slack() {
    return this.samples.length === 0 ? null : this.samples[0].ahead - this.margin;
  }

  /** The playback rate that works off `error` seconds of being late. */
  steer(error, nowMs) {
    this.lateSince = error > kLateS ? this.lateSince ?? nowMs : null;
    if (Math.abs(error) > kLeaveS) this.working = Math.sign(error);
    if (this.lateSince !== null && nowMs - this.lateSince > kLateMs) this.working = 1;
    if (error * this.working < kReachS) this.working = 0;
    if (this.working <= 0) return 1 + this.working * kSlightly;
    if (error > kFarS) return 1.1;
    return error > kNearS ? 1.05 : 1 + kSlightly;
  }
}
