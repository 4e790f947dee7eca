// A player's connection to a match over WebSocket: hello, commands, snapshots, coming back. No page in here.
import { between, newestBefore } from './interpolation.js';
import { ClockSync } from './clock.js';
import { decodeServerMessage, encodeCommands, encodeHello } from './messages.js';
import { Prediction } from './prediction.js';
import { ReplicaReader } from './replica.js';
import { kCommandBytes, packCommand } from './rules.js';

const kReliable = 0, kUnreliable = 1;
const kMaxCommandsPerPacket = 8;
const kSilenceMs = 2000;  // a server that says nothing for so long is gone
const kConnectMs = 4000;
const kHelloAgainMs = 2000;
const kFirstPauseMs = 100, kLongestPauseMs = 2000, kGiveUpMs = 60000;
const kGoodbyeCloses = 4100;
const kFinal = new Set([1, 5, 6, 7, 9, 10]); // goodbyes that another connection would meet as well

const framed = (channel, content) => {
  const out = new Uint8Array(content.length + 1);
  out[0] = channel;
  out.set(content, 1);
  return out;
};

/**
 * `ticket()` resolves to {url, token} for a new connection, or throws: with `final` set on the error, it is not asked again.
 * `heard(what)` is called with 'state', 'snapshot' and 'ended' when that changed.
 */
export class GameClient {
  constructor({ ticket, heard = () => {}, makeSocket = (url) => new WebSocket(url), now = () => performance.now(),
    random = Math.random }) {
    Object.assign(this, { ticket, heard, makeSocket, now, random });
    this.state = 'connecting'; // 'playing', 'closed'
    this.reason = '';          // why it closed
    this.goodbye = 0;
    this.slot = -1;
    this.tickHz = 30;
    this.result = null;
    this.replica = new ReplicaReader();
    this.prediction = new Prediction();
    this.clock = new ClockSync();
    this.socket = null;
    this.pauseMs = kFirstPauseMs;
    this.lostAt = null;
    this.drawnBehind = 0;
    this.drawnTick = null;
    this.counted = { snapshots: 0, bytes: 0, mismatches: 0, undecodable: 0, reconnects: 0, lostTicks: 0, commands: 0, held: 0 };
    this.look = setInterval(() => this.watch(), 200);
    this.connect();
  }

  get statistics() {
    return { ...this.counted, ...this.prediction.statistics, roundTripMs: this.clock.roundTripMs, jitterMs: this.clock.jitterMs,
      waiting: this.clock.waiting };
  }

  setState(state, reason = '') {
    if (state === this.state && reason === this.reason) return;
    this.state = state;
    this.reason = reason;
    this.heard('state');
  }

  async connect() {
    let ticket;
    try {
      ticket = await this.ticket();
    } catch (error) {
      return error.final ? this.end(error.message) : this.lose();
    }
    if (this.state === 'closed') return;
    const socket = this.makeSocket(ticket.url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.token = ticket.token;
    this.heardAt = this.now();
    socket.onopen = () => {
      this.heardAt = this.now();
      this.hello();
    };
    socket.onmessage = ({ data }) => { if (socket === this.socket) this.receive(new Uint8Array(data)); };
    socket.onclose = ({ code, reason }) => { if (socket === this.socket) this.closed(code, reason); };
  }

  hello() {
    this.saidHelloAt = this.now();
    this.socket.send(framed(kReliable, encodeHello({ token: this.token, resumed: this.prediction.newest > 0 })));
  }

  closed(code, reason) {
    this.goodbye = code > kGoodbyeCloses && code < kGoodbyeCloses + 100 ? code - kGoodbyeCloses : 0;
    if (kFinal.has(this.goodbye)) this.end(reason);
    else this.lose();
  }

  /** The connection is of no use any more; another is made after a pause, longer each time. */
  lose() {
    if (this.state === 'closed') return;
    this.drop();
    const now = this.now();
    if (this.lostAt === null) {
      this.lostAt = now;
      this.pauseMs = kFirstPauseMs;
    }
    if (now - this.lostAt > kGiveUpMs) return this.end('the server does not answer');
    this.setState('connecting');
    this.retry = setTimeout(() => this.connect(), this.pauseMs * (0.5 + this.random() / 2));
    this.pauseMs = Math.min(this.pauseMs * 2, kLongestPauseMs);
  }

  /** Lets go of the socket without hearing of it again. */
  drop() {
    const socket = this.socket;
    this.socket = null;
    this.saidHelloAt = undefined;
    socket?.close();
  }

  end(reason) {
    this.drop();
    clearInterval(this.look);
    clearTimeout(this.retry);
    this.setState('closed', reason);
  }

  /** Leaves for good. */
  leave() {
    this.end('left');
  }

  watch() {
    if (this.socket === null) return;
    const now = this.now();
    if (now - this.heardAt > (this.state === 'playing' ? kSilenceMs : kConnectMs)) return this.lose();
    if (this.state === 'connecting' && now - this.saidHelloAt > kHelloAgainMs) this.hello();
  }

  receive(data) {
    this.heardAt = this.now();
    const content = data.subarray(1);
    if (data[0] === kUnreliable) return this.snapshot(content);
    const message = decodeServerMessage(content);
    if (message?.type === 'tables') this.replica.tables.take({ ...message, bytes: message.bytes.slice() });
    else if (message?.type === 'welcome') this.welcome(message);
    else if (message?.type === 'ended') {
      this.result = message.placements;
      this.heard('ended');
    }
  }

  welcome({ slot, tickHz, game }) {
    if (game !== '' && game !== 'arena') return this.end(`The match is of ${game}, which is not played here`);
    this.slot = slot;
    if (this.state !== 'playing' || tickHz !== this.tickHz) this.clock = new ClockSync(tickHz);
    this.tickHz = tickHz;
    if (this.lostAt !== null) ++this.counted.reconnects;
    this.lostAt = null;
    this.setState('playing');
  }

  snapshot(content) {
    const { epoch } = this.replica.head;
    const seen = this.replica.latest?.tick ?? 0;
    const outcome = this.replica.read(content, this.prediction.newest);
    if (outcome === 'mismatch') ++this.counted.mismatches; // told to the server, which starts over
    if (outcome === 'malformed' || outcome === 'no_baseline') ++this.counted.undecodable;
    if (outcome !== 'taken') return;
    const { head, latest } = this.replica;
    if (head.epoch !== epoch) {
      if (seen >= head.tick) this.counted.lostTicks += seen - head.tick + 1;
      this.prediction.forgetPlace();
      this.clock.restart();
    }
    if (this.state === 'playing') this.clock.received(head.tick, head.inputSequence, head.waiting, this.now());
    ++this.counted.snapshots;
    this.counted.bytes += content.length;
    const own = latest.players.find((player) => player.slot === this.slot);
    if (own) this.prediction.reconcile(own, head.inputSequence);
    this.heard('snapshot');
  }

  /** Once per commandPeriodMs(): predicts the own movement at once, sends the command with those that may have been lost. */
  send(command) {
    if (this.state !== 'playing' || this.socket?.readyState !== 1) return;
    const seen = Math.max(0, Math.round((this.drawnTick ?? this.replica.latest?.tick ?? 0) * 256));
    const sequence = this.prediction.predict({ ...command, seenTick: Math.floor(seen / 256) & 0xffff, seenFraction: seen & 0xff });
    if (sequence === null) {
      ++this.counted.held;
    } else {
      ++this.counted.commands;
      this.clock.sent(sequence, this.now());
    }
    const last = this.prediction.unconfirmed.slice(-kMaxCommandsPerPacket);
    this.socket.send(framed(kUnreliable, encodeCommands({
      ackedTick: this.replica.toAcknowledge(), epoch: this.replica.head.epoch, firstSequence: last[0]?.sequence ?? 0,
      size: kCommandBytes, commands: Uint8Array.from(last.flatMap((sent) => packCommand(sent.command))),
      mismatch: this.replica.mismatch, tables: this.replica.tablesToAcknowledge(),
      taken: this.replica.taken() })));
  }

  commandPeriodMs() {
    return this.clock.commandPeriodMs();
  }

  /** What to draw: the others `behindTicks` behind the server, the own player as predicted. Null before the first snapshot. */
  picture(behindTicks) {
    const { history, latest } = this.replica;
    if (latest === null) return null;
    const server = this.clock.serverTick(this.now());
    const wanted = server === null ? latest.tick : Math.min(server - behindTicks, latest.tick);
    this.drawnTick = Math.max(wanted, history[0].tick);
    const { from, to } = newestBefore(history, this.drawnTick);
    const part = to.tick === from.tick ? 1 : (this.drawnTick - from.tick) / (to.tick - from.tick);
    const picture = between(from, to, part);
    const own = this.prediction.player;
    return own === null ? picture : { ...picture, players: picture.players.map((player) => (
      player.slot === this.slot ? { ...player, x: own.x, y: own.y, aim: own.aim } : player)) };
  }
}
