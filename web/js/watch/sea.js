// Sea battle for those who watch: its frames (game/sea/sight.hpp) and how they are drawn. Where the
// ships are no frame says before they are hit.

const kVersion = 1;
const kHead = 20, kSide = 10, kCells = kSide * kSide;
const kBytes = kHead + 2 * kCells;
const kPhases = ['waiting for players', 'placing ships', 'shooting', 'over'];
const kShooting = 2, kPlacing = 1;
const kWidest = 5 + 4 + 3 + 3 + 2; // cells of ships
/** Of cells: unknown, ship, miss, hit, sunk. */
const kColours = ['#17364f', '#6b7a8c', '#8fb3cc', '#ff7a7a', '#8c2f39'];
const kHit = 3;

/** `bytes` is an ArrayBuffer. Throws a RangeError when it is not a frame. */
export function decodeSea(bytes) {
  const view = new DataView(bytes);
  if (view.byteLength !== kBytes || view.getUint8(0) !== kVersion) throw new RangeError('not a frame of sea');
  const phase = view.getUint8(2), turn = view.getUint8(3), tick = view.getUint32(8, true);
  if (phase >= kPhases.length || turn > 1) throw new RangeError('not a frame of sea');
  const since = view.getUint32(12, true), ready = view.getUint8(6);
  const boards = [0, 1].map((board) => [...new Uint8Array(bytes, kHead + board * kCells, kCells)]);
  const runs = (side) => (phase === kPlacing && (ready >> side & 1) === 0) || (phase === kShooting && turn === side);
  const ticksLeft = [0, 1].map((side) => {
    const clock = view.getUint16(16 + 2 * side, true);
    return runs(side) ? Math.max(0, clock - (tick - since)) : clock;
  });
  const hits = (side) => boards[1 - side].filter((cell) => cell >= kHit).length;
  const players = [0, 1].map((slot) => ({ slot, score: hits(slot), ticksLeft: ticksLeft[slot] }));
  return { tick, phase, turn, winner: view.getUint8(4), what: kPhases[phase], boards, ticksLeft, players };
}

/** Time as a chess clock shows it. */
export function clockText(ticks, hz) {
  const seconds = Math.ceil(ticks / hz);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export class SeaPicture {
  constructor(canvas, size, hz) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.hz = hz;
  }

  draw(frame, names) {
    const { context, canvas } = this;
    const cell = canvas.width / (2 * kSide + 3);
    context.fillStyle = '#0b0e13';
    context.fillRect(0, 0, canvas.width, canvas.height);
    const top = (canvas.height - kSide * cell) / 2;
    for (const side of [0, 1]) {
      const left = cell + side * (kSide + 1) * cell;
      frame.boards[side].forEach((what, i) => {
        context.fillStyle = kColours[what] ?? kColours[0];
        context.fillRect(left + i % kSide * cell + 1, top + Math.floor(i / kSide) * cell + 1, cell - 2, cell - 2);
      });
      context.fillStyle = frame.phase === kShooting && frame.turn === side ? '#ffe08a' : '#e8ecf2';
      context.font = '20px system-ui, "DejaVu Sans", sans-serif';
      context.textAlign = 'center';
      const name = names.get(side) ?? '';
      context.fillText(`${name} ${clockText(frame.ticksLeft[side], this.hz)}`, left + kSide * cell / 2, top - cell / 2);
      context.fillText(`${kWidest - frame.players[1 - side].score} afloat`, left + kSide * cell / 2, top + (kSide + 0.8) * cell);
    }
  }
}
