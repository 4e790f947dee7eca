// What a player makes of its own commands before the server has: net/client/prediction.hpp. Pure.
import { move } from './rules.js';

/** Commands that a player goes ahead of the server with; beyond it its own figure stands still. */
export const kMaxAhead = 45;

const apart = (a, b) => Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y));

export class Prediction {
  constructor() {
    this.unconfirmed = []; // {sequence, command, x, y: predicted after it}, oldest first
    this.newest = 0;       // sequence number that was given out last
    this.player = null;
    this.confirmed = null;
    this.wasAlive = false;
    this.statistics = { corrections: 0, largestCorrection: 0, largestDivergence: 0 };
  }

  /** Applies `command` at once. Its sequence number; null when it is too far ahead. */
  predict(command) {
    if (this.unconfirmed.length >= kMaxAhead) return null;
    if (this.player?.alive) this.player = move(this.player, command);
    this.unconfirmed.push({ sequence: ++this.newest, command, x: this.player?.x ?? 0, y: this.player?.y ?? 0 });
    this.measure();
    return this.newest;
  }

  /** The server's word for the past: `own` after the command `confirmed`. Replays what is newer. */
  reconcile(own, confirmed) {
    const used = confirmed > this.newest ? 0 : confirmed; // a match that was restarted has used nothing yet
    while (this.unconfirmed.length > 0 && this.unconfirmed[0].sequence < used) this.unconfirmed.shift();
    if (this.unconfirmed[0]?.sequence === used) this.compare(own, this.unconfirmed.shift());
    this.wasAlive = own.alive;
    this.confirmed = own;
    this.player = { ...own };
    for (const sent of this.unconfirmed) {
      if (own.alive) this.player = move(this.player, sent.command);
      sent.x = this.player.x;
      sent.y = this.player.y;
    }
    this.measure();
  }

  /** What comes next belongs to another history: places before it say nothing. */
  forgetPlace() {
    this.wasAlive = false;
  }

  compare(own, sent) {
    const off = apart(own, sent);
    if (off === 0 || !own.alive || !this.wasAlive) return; // one who comes back does so elsewhere
    ++this.statistics.corrections;
    this.statistics.largestCorrection = Math.max(this.statistics.largestCorrection, off);
  }

  measure() {
    if (this.player === null) return;
    this.statistics.largestDivergence = Math.max(this.statistics.largestDivergence, apart(this.player, this.confirmed));
  }
}
