// Watching together: all members play the same moment. Times are the server's: a member is so far behind live as the
// server's clock is beyond that at which the publication began and what is on the screen. Pure but for `send`.

const kTellMs = 1000;

export class Party {
  /** `send(message)` tells the server. */
  constructor(send) {
    this.send = send;
    this.target = null; // {epoch, ms}
    this.members = 0;
    this.toldAt = -Infinity;
  }

  /** A `party` message. */
  hear({ epoch, target_ms: ms, members }) {
    this.members = members;
    this.target = ms === null ? null : { epoch, ms };
  }

  /** Tells how close to live this member could play: `behindMs` with `slackS` more in the buffer than it needs. */
  tell(epoch, behindMs, slackS, nowMs) {
    if (nowMs < this.toldAt + kTellMs) return;
    this.toldAt = nowMs;
    this.send({ type: 'pace', epoch, behind_ms: Math.round(behindMs - slackS * 1000) });
  }

  /** Seconds that the picture is later than the party (negative: earlier); null: there is nothing to keep to. */
  lateS(epoch, behindMs) {
    return this.target?.epoch === epoch ? (behindMs - this.target.ms) / 1000 : null;
  }
}
