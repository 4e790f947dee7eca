// Ball for those who watch: its frames (game/ball/pitch_codec.hpp) and how they are drawn.
import { colourOf } from '../arena.js';

const kVersion = 1;
const kHead = 12, kBody = 8, kBallId = 16;
const kUnit = 256;
const kField = { left: 10 * kUnit, right: 170 * kUnit, top: 0, bottom: 100 * kUnit };
const kMouth = { top: 38 * kUnit, bottom: 62 * kUnit };
const kCarRadius = 2 * kUnit, kBallRadius = 1.5 * kUnit;
const kDown = 40 * kUnit; // the pitch is drawn in the middle of the square
const kFarthest = 1100; // in one tick; beyond it something was put elsewhere

/** `bytes` is an ArrayBuffer. Throws a RangeError when it is not a frame. */
export function decodeBall(bytes) {
  const view = new DataView(bytes);
  if (view.byteLength < kHead || view.getUint8(0) !== kVersion) throw new RangeError('not a frame of ball');
  const count = view.getUint8(1);
  if (view.byteLength !== kHead + kBody * count) throw new RangeError(`a frame of ${count} bodies in ${view.byteLength} bytes`);
  const goals = [view.getUint16(2, true), view.getUint16(4, true)];
  const bodies = [];
  for (let at = kHead; at < view.byteLength; at += kBody) {
    bodies.push({
      id: view.getUint8(at), heading: view.getUint8(at + 1), boost: view.getUint16(at + 2, true),
      x: view.getUint16(at + 4, true), y: view.getUint16(at + 6, true),
    });
  }
  const players = bodies.filter(({ id }) => id !== kBallId)
    .map(({ id, boost }) => ({ slot: id, score: goals[id & 1], note: `${boost}` }));
  return { tick: view.getUint32(8, true), kickoff: view.getUint16(6, true), goals, bodies, players };
}

export function betweenBall(from, to, part) {
  const before = new Map(from.bodies.map((body) => [body.id, body]));
  const bodies = to.bodies.map((body) => {
    const was = before.get(body.id);
    if (!was || Math.abs(body.x - was.x) > kFarthest || Math.abs(body.y - was.y) > kFarthest) return body;
    return { ...body, x: was.x + (body.x - was.x) * part, y: was.y + (body.y - was.y) * part };
  });
  return { ...to, bodies };
}

export class BallPicture {
  constructor(canvas, size) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.scale = canvas.width / size;
  }

  draw(frame, names) {
    const { context, canvas, scale } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#0b0e13';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(scale, 0, 0, scale, 0, kDown * scale);
    this.pitch();
    for (const body of frame.bodies) {
      if (body.id === kBallId) this.disc(body, kBallRadius, '#f4f6fa');
      else this.car(body, names.get(body.id) ?? '');
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#e8ecf2';
    context.font = '32px system-ui, "DejaVu Sans", sans-serif';
    context.textAlign = 'center';
    context.fillText(frame.goals.join(' : '), canvas.width / 2, kDown * scale / 2);
  }

  pitch() {
    const { context } = this;
    const { left, right, top, bottom } = kField;
    context.fillStyle = '#16241c';
    context.fillRect(left, top, right - left, bottom - top);
    context.fillStyle = '#2b3340';
    context.fillRect(0, kMouth.top, left, kMouth.bottom - kMouth.top);
    context.fillRect(right, kMouth.top, left, kMouth.bottom - kMouth.top);
    context.strokeStyle = '#5d7767';
    context.lineWidth = kUnit / 2;
    context.strokeRect(left, top, right - left, bottom - top);
    context.beginPath();
    context.moveTo((left + right) / 2, top);
    context.lineTo((left + right) / 2, bottom);
    context.stroke();
  }

  disc({ x, y }, radius, colour) {
    const { context } = this;
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  car(body, name) {
    const { context } = this;
    const angle = body.heading * Math.PI / 128;
    this.disc(body, kCarRadius, colourOf(body.id));
    context.strokeStyle = (body.id & 1) === 0 ? '#8fd0ff' : '#ffb37a'; // the team
    context.lineWidth = kUnit / 2;
    context.stroke();
    context.beginPath();
    context.moveTo(body.x, body.y);
    context.lineTo(body.x + Math.cos(angle) * kCarRadius * 1.5, body.y + Math.sin(angle) * kCarRadius * 1.5);
    context.stroke();
    context.fillStyle = '#e8ecf2';
    context.font = `${3 * kUnit}px system-ui, "DejaVu Sans", sans-serif`;
    context.textAlign = 'center';
    context.fillText(name, body.x, body.y - kCarRadius * 1.4);
  }
}
