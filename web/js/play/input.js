// What a player wants, from keyboard, mouse and touch.

const kWalk = new Map([
  ['KeyW', [0, -1]], ['ArrowUp', [0, -1]], ['KeyS', [0, 1]], ['ArrowDown', [0, 1]],
  ['KeyA', [-1, 0]], ['ArrowLeft', [-1, 0]], ['KeyD', [1, 0]], ['ArrowRight', [1, 0]],
]);
const kTurn = new Map([['KeyQ', -1], ['KeyE', 1]]);
const kWeapons = new Map([['Digit1', 0], ['Digit2', 1]]);
const kTurnStep = 4;    // of 256 directions, a command
const kStickDead = 12;  // pixels that a finger may move without meaning it

/** Of 256 directions, 0 east, 64 south. */
export const aimOf = (dx, dy) => Math.round(Math.atan2(dy, dx) * 128 / Math.PI) & 0xff;

/** The walk that a stick shows: of eight directions, or none. */
export function walkOf(dx, dy) {
  if (Math.hypot(dx, dy) < kStickDead) return [0, 0];
  const eighth = Math.round(Math.atan2(dy, dx) * 4 / Math.PI);
  return [Math.round(Math.cos(eighth * Math.PI / 4)), Math.round(Math.sin(eighth * Math.PI / 4))];
}

const typing = (event) => event.ctrlKey || event.altKey || event.metaKey || /^(input|textarea|select|button|a)$/i.test(event.target.tagName);

export class Input {
  constructor(canvas) {
    this.canvas = canvas;
    this.down = new Set();
    this.aim = 0;
    this.weapon = 0;
    this.pointer = null; // of the mouse, in the canvas's own pixels
    this.firing = false;
    this.sticks = new Map(); // of fingers: {side, x, y, dx, dy}
    window.addEventListener('keydown', (event) => this.key(event, true));
    window.addEventListener('keyup', (event) => this.key(event, false));
    window.addEventListener('blur', () => this.release());
    canvas.addEventListener('pointerdown', (event) => this.press(event));
    canvas.addEventListener('pointermove', (event) => this.drag(event));
    for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, (event) => this.lift(event));
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  key(event, pressed) {
    const { code } = event;
    if (!kWalk.has(code) && !kTurn.has(code) && !kWeapons.has(code) && code !== 'Space') return;
    if (pressed && typing(event)) return;
    if (pressed) {
      event.preventDefault(); // arrows and space would scroll
      this.down.add(code);
      this.weapon = kWeapons.get(code) ?? this.weapon;
      if (kTurn.has(code)) this.pointer = null;
    } else {
      this.down.delete(code);
    }
  }

  release() {
    this.down.clear();
    this.sticks.clear();
    this.firing = false;
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * this.canvas.width / box.width, y: (event.clientY - box.top) * this.canvas.height / box.height };
  }

  press(event) {
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (event.pointerType === 'mouse') {
      this.pointer = this.at(event);
      this.firing = true;
      return;
    }
    const side = this.at(event).x < this.canvas.width / 2 ? 'walk' : 'aim';
    this.sticks.set(event.pointerId, { side, x: event.clientX, y: event.clientY, dx: 0, dy: 0 });
  }

  drag(event) {
    if (event.pointerType === 'mouse') this.pointer = this.at(event);
    const stick = this.sticks.get(event.pointerId);
    if (stick) Object.assign(stick, { dx: event.clientX - stick.x, dy: event.clientY - stick.y });
  }

  lift(event) {
    if (event.pointerType === 'mouse') this.firing = false;
    this.sticks.delete(event.pointerId);
  }

  /** The command of now. `own`: where the own player is drawn, in the canvas's pixels; null when it is not. */
  command(own) {
    let [moveX, moveY] = [0, 0];
    for (const code of this.down) {
      const [dx, dy] = kWalk.get(code) ?? [0, 0];
      moveX += dx;
      moveY += dy;
      this.aim = this.aim + (kTurn.get(code) ?? 0) * kTurnStep & 0xff;
    }
    if (this.pointer && own) this.aim = aimOf(this.pointer.x - own.x, this.pointer.y - own.y);
    let fire = this.firing || this.down.has('Space');
    for (const { side, dx, dy } of this.sticks.values()) {
      if (side === 'walk') {
        [moveX, moveY] = walkOf(dx, dy);
      } else {
        if (Math.hypot(dx, dy) >= kStickDead) this.aim = aimOf(dx, dy);
        fire = true;
      }
    }
    return { moveX: Math.sign(moveX), moveY: Math.sign(moveY), aim: this.aim, fire, weapon: this.weapon };
  }
}
