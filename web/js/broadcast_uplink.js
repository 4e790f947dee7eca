// One publication over WebSocket: bytes go out as far as the server's window allows, what is too much to wait is told.

/** Smaller than the server's largest message. */
const kPiece = 32 * 1024;

/**
 * The bytes that wait for the server, and how many may be under way. Pure.
 */
export class Window {
  constructor(limitBytes) {
    this.limit = limitBytes;  // of what may wait
    this.window = 0;          // of what may be sent and not acknowledged; the server says
    this.pieces = [];
    this.waiting = 0;
    this.sent = 0;
    this.acknowledged = 0;
  }

  /** False: more waits than may; the stream has a hole from here on. */
  add(bytes) {
    if (this.waiting + bytes.byteLength > this.limit) return false;
    for (let at = 0; at < bytes.byteLength; at += kPiece) this.pieces.push(bytes.slice(at, at + kPiece));
    this.waiting += bytes.byteLength;
    return true;
  }

  acknowledge(bytes) { this.acknowledged = Math.max(this.acknowledged, bytes); }

  /** What may go out now. */
  take() {
    const out = [];
    while (this.pieces.length > 0 && this.sent - this.acknowledged + this.pieces[0].byteLength <= this.window) {
      const piece = this.pieces.shift();
      this.waiting -= piece.byteLength;
      this.sent += piece.byteLength;
      out.push(piece);
    }
    return out;
  }
}

/** Close codes after which trying again is of no use: docs/errors.md. */
const kFatal = new Map([[4001, 'not understood'], [4002, 'the key is missing'], [4003, 'wrong publish key'],
  [4004, 'no such session, or it has ended'], [4013, 'the server cannot carry this codec']]);

export class Uplink {
  /** `events`: started(), live(tracks), overrun(), closed({reason, fatal, code}). */
  constructor({ session, key, mime, limitBytes = 2 << 20, events }) {
    this.events = events;
    this.window = new Window(limitBytes);
    this.over = false;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.socket = new WebSocket(`${scheme}://${location.host}/api/v1/live/${encodeURIComponent(session)}/publish?key=${encodeURIComponent(key)}`);
    this.socket.onopen = () => this.socket.send(JSON.stringify({ type: 'start', mime }));
    this.socket.onmessage = (event) => this.#hear(JSON.parse(event.data));
    this.socket.onclose = (event) => this.#closed(event);
  }

  #hear(message) {
    if (message.type === 'started') {
      this.window.window = message.window;
      this.events.started();
    } else if (message.type === 'live') {
      this.events.live(message.tracks);
    } else if (message.type === 'ack') {
      this.window.acknowledge(message.bytes);
    }
    this.#pump();
  }

  #pump() {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    for (const piece of this.window.take()) this.socket.send(piece);
  }

  #closed(event) {
    if (this.over) return;
    this.over = true;
    const fatal = kFatal.has(event.code);
    this.events.closed({ code: event.code, fatal, reason: event.reason || kFatal.get(event.code) || 'the connection is gone' });
  }

  /** Bytes of the recorder, in their order. */
  send(bytes) {
    if (this.over) return;
    if (!this.window.add(bytes)) {
      this.abandon();
      this.events.overrun();
      return;
    }
    this.#pump();
  }

  get waiting() { return this.window.waiting + this.socket.bufferedAmount; }
  get sent() { return this.window.sent; }

  /** The end of the publication; what waits still goes out. */
  finish() {
    if (this.over) return;
    this.over = true;
    this.#pump();
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: 'stop' }));
    else this.socket.close();
  }

  abandon() {
    this.over = true;
    this.socket.close();
  }
}
