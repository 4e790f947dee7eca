// Draws a frame of a match on a canvas.

const kRadius = 512; // of a player: what a shot must hit, in the frames' units
const kBarHeight = 0.35;

export function colourOf(slot) {
  return `hsl(${(slot * 137.5) % 360} 70% 60%)`;
}

export class Arena {
  /** `walls`: each {x0, y0, x1, y1}. */
  constructor(canvas, size, walls = []) {
    this.walls = walls;
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.scale = canvas.width / size;
  }

  /** `names` maps slots to players' names. */
  draw(frame, names) {
    const { context, canvas } = this;
    context.fillStyle = '#0b0e13';
    context.fillRect(0, 0, canvas.width, canvas.height);
    this.grid();
    for (const wall of this.walls) this.wall(wall);
    for (const shot of frame.projectiles) this.shot(shot);
    for (const player of frame.players) this.player(player, names.get(player.slot) ?? '');
  }

  grid() {
    const { context, canvas } = this;
    context.strokeStyle = '#1b222d';
    context.lineWidth = 1;
    context.beginPath();
    for (let i = 0; i <= 10; ++i) {
      const at = i * canvas.width / 10;
      context.moveTo(at, 0);
      context.lineTo(at, canvas.height);
      context.moveTo(0, at);
      context.lineTo(canvas.width, at);
    }
    context.stroke();
  }

  wall({ x0, y0, x1, y1 }) {
    const { context, scale } = this;
    context.fillStyle = '#2b3340';
    context.fillRect(x0 * scale, y0 * scale, (x1 - x0) * scale, (y1 - y0) * scale);
  }

  shot({ x, y, aim }) {
    const { context, scale } = this;
    const angle = aim * Math.PI / 128;
    context.strokeStyle = '#ffe08a';
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x * scale, y * scale);
    context.lineTo((x - Math.cos(angle) * 700) * scale, (y - Math.sin(angle) * 700) * scale);
    context.stroke();
  }

  player({ slot, alive, aim, health, x, y }, name) {
    const { context, scale } = this;
    const [cx, cy, r] = [x * scale, y * scale, kRadius * scale];
    context.globalAlpha = alive ? 1 : 0.25;
    context.fillStyle = colourOf(slot);
    context.beginPath();
    context.arc(cx, cy, r, 0, 2 * Math.PI);
    context.fill();
    const angle = aim * Math.PI / 128;
    context.strokeStyle = '#ffffff';
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(cx, cy);
    context.lineTo(cx + Math.cos(angle) * r * 1.6, cy + Math.sin(angle) * r * 1.6);
    context.stroke();
    context.fillStyle = '#2b3340';
    context.fillRect(cx - r, cy - r * 1.7, 2 * r, r * kBarHeight);
    context.fillStyle = health > 40 ? '#5fd38d' : '#ff7a7a';
    context.fillRect(cx - r, cy - r * 1.7, 2 * r * health / 100, r * kBarHeight);
    context.fillStyle = '#e8ecf2';
    context.font = '11px system-ui, "DejaVu Sans", sans-serif';
    context.textAlign = 'center';
    context.fillText(name, cx, cy - r * 2);
    context.globalAlpha = 1;
  }
}
