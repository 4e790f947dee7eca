// Where the server's clock is, how far away the server is, and how fast to send commands: net/client/clock_sync.hpp. Pure:
// time comes in, in milliseconds.

const kMaxSent = 256;
const kDown = 0.25, kUp = 0.01; // what is shorter than thought is followed at once, what is longer slowly
const kWaitingGain = 1 / 16;
const kLeastWaiting = 0.5, kMostWaiting = 6, kDeviations = 2;
const kPace = 0.02, kMostPace = 0.05;

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

function followLeast(estimate, sample) {
  return estimate === null ? sample : estimate + (sample < estimate ? kDown : kUp) * (sample - estimate);
}

export class ClockSync {
  constructor(tickHz = 30) {
    this.periodMs = 1000 / tickHz;
    this.sentCommands = [];
    // All in ticks.
    this.roundTrip = null;
    this.shortest = null;
    this.deviation = 0;
    this.arrival = null;
    this.waiting = 0;
    this.lastTick = 0;
    this.lastUsed = 0;
  }

  /** Command `sequence` was first sent. */
  sent(sequence, nowMs) {
    this.sentCommands.push({ sequence, at: nowMs / this.periodMs });
    if (this.sentCommands.length > kMaxSent) this.sentCommands.shift();
  }

  /** A snapshot came: of which tick, the newest command that it used, and how many it left for later. */
  received(tick, used, waiting, nowMs) {
    const at = nowMs / this.periodMs;
    this.arrival = followLeast(this.arrival, at - tick);
    this.measureWaiting(tick, used, waiting);
    if (used > this.lastUsed) this.measureWay(used, waiting, at);
    this.lastTick = tick;
    this.lastUsed = Math.max(this.lastUsed, used);
  }

  /** The match was restarted: its ticks are another history. */
  restart() {
    this.arrival = null;
    this.lastTick = this.lastUsed = 0;
  }

  measureWay(used, waiting, now) {
    while (this.sentCommands.length > 0 && this.sentCommands[0].sequence < used) this.sentCommands.shift();
    if (this.sentCommands[0]?.sequence !== used) return;
    const sample = Math.max(0, now - this.sentCommands.shift().at - waiting);
    this.shortest = followLeast(this.shortest, sample);
    if (this.roundTrip === null) {
      this.roundTrip = sample;
      this.deviation = sample / 2;
      return;
    }
    this.deviation += (Math.abs(sample - this.roundTrip) - this.deviation) / 4;
    this.roundTrip += (sample - this.roundTrip) / 8;
  }

  measureWaiting(tick, used, waiting) {
    if (this.lastTick === 0 || tick <= this.lastTick) return;
    const passed = tick - this.lastTick;
    const without = Math.max(0, passed - Math.max(0, used - this.lastUsed));
    const sample = waiting > 0 ? waiting : -Math.min(1, without / passed);
    this.waiting += (sample - this.waiting) * kWaitingGain;
  }

  get roundTripMs() {
    return (this.roundTrip ?? 0) * this.periodMs;
  }

  get jitterMs() {
    return this.deviation * this.periodMs;
  }

  /** The tick that the server is at now, with its fraction; null before the first snapshot. */
  serverTick(nowMs) {
    return this.arrival === null ? null : nowMs / this.periodMs - this.arrival + (this.shortest ?? 0) / 2;
  }

  targetWaiting() {
    return clamp(kLeastWaiting + kDeviations * this.deviation, kLeastWaiting, kMostWaiting);
  }

  /** Milliseconds until the next command: a tick, up to 5 % longer or shorter to come to the target. */
  commandPeriodMs() {
    return this.periodMs * (1 + clamp(kPace * (this.waiting - this.targetWaiting()), -kMostPace, kMostPace));
  }
}
