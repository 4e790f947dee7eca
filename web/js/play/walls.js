// The walls of the arena: game/arena/walls.hpp. Pure.

const kUnit = 256;
export const kArena = 200 * kUnit;

/** Each {x0, y0, x1, y1}; holds x0 <= x < x1. */
export const kWalls = [
  [30, 30, 54, 44], [146, 156, 170, 170], [146, 30, 170, 44], [30, 156, 54, 170], [30, 80, 44, 120], [156, 80, 170, 120],
  [80, 30, 120, 44], [80, 156, 120, 170], [62, 62, 76, 76], [124, 124, 138, 138], [124, 62, 138, 76], [62, 124, 76, 138],
].map(([x0, y0, x1, y1]) => ({ x0: x0 * kUnit, y0: y0 * kUnit, x1: x1 * kUnit, y1: y1 * kUnit }));

const inWall = (x, y) => kWalls.some((w) => x >= w.x0 && x < w.x1 && y >= w.y0 && y < w.y1);
const inside = (at) => Math.min(Math.max(at, 0), kArena - 1);

/** Where a step leads: an axis on which a wall is in the way is left out. Who is in a wall may walk out. */
export function slide({ x: fromX, y: fromY }, dx, dy) {
  const free = inWall(fromX, fromY);
  let x = inside(fromX + dx);
  if (!free && inWall(x, fromY)) x = fromX;
  let y = inside(fromY + dy);
  if (!free && inWall(x, y)) y = fromY;
  return { x, y };
}
