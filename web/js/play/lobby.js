// Waiting for a match while connected (docs/matchmaking.md, "The lobby"). No page in here.
import { decodeServerMessage, encodeHello, encodeProbe, encodeQueue, encodeQueueAnswer } from './messages.js';

const framed = (content) => Uint8Array.from([0, ...content]);

/**
 * `ticket()` resolves to {url, token}, or throws. `heard(standing)` is called whenever that changed: {state, reason, mode,
 * deadlineMs, pingMs, region, match, team, ws, token}; and with {state: 'closed', reason} in the end.
 */
export class Lobby {
  constructor({ ticket, heard, makeSocket = (url) => new WebSocket(url) }) {
    this.heard = heard;
    this.makeSocket = makeSocket;
    this.open(ticket);
  }

  async open(ticket) {
    try {
      const { url, token } = await ticket();
      this.socket = this.makeSocket(url);
      this.socket.binaryType = 'arraybuffer';
      this.socket.onopen = () => this.say(encodeHello({ token, resumed: false }));
      this.socket.onmessage = ({ data }) => this.receive(new Uint8Array(data));
      this.socket.onclose = ({ reason }) => this.heard({ state: 'closed', reason });
    } catch (error) {
      this.heard({ state: 'closed', reason: error.message });
    }
  }

  say(content) {
    if (this.socket?.readyState === 1) this.socket.send(framed(content));
  }

  receive(data) {
    const message = decodeServerMessage(data.subarray(1));
    if (message?.type === 'probe') this.say(encodeProbe(message.number));
    if (message?.type === 'queue') this.heard(message);
  }

  /** {mode, party, roles, autoAccept}, once the first standing was heard. */
  enter(wish) {
    this.say(encodeQueue(wish));
  }

  /** Yes or no to the party, or to the match; no at any other time leaves the queue. */
  answer(accept) {
    this.say(encodeQueueAnswer({ accept }));
  }

  close() {
    if (this.socket) this.socket.onclose = null;
    this.socket?.close();
  }
}
