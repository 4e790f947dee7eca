// The binary frames of a watched match (docs/games.md, "Watching"). Pure.

const kVersion = 1;
const kHead = 8, kPlayer = 10, kProjectile = 7;

/** `bytes` is an ArrayBuffer. Throws a RangeError when it is not a frame. */
export function decodeFrame(bytes) {
  const view = new DataView(bytes);
  if (view.byteLength < kHead || view.getUint8(0) !== kVersion) throw new RangeError('not a spectator frame');
  const playerCount = view.getUint8(1), projectileCount = view.getUint16(2, true);
  if (view.byteLength !== kHead + kPlayer * playerCount + kProjectile * projectileCount) {
    throw new RangeError(`a frame of ${playerCount} players and ${projectileCount} projectiles in ${view.byteLength} bytes`);
  }
  const players = [];
  let at = kHead;
  for (let i = 0; i < playerCount; ++i, at += kPlayer) {
    players.push({
      slot: view.getUint8(at), alive: (view.getUint8(at + 1) & 1) === 1, aim: view.getUint8(at + 2),
      health: view.getUint8(at + 3), score: view.getUint16(at + 4, true),
      x: view.getUint16(at + 6, true), y: view.getUint16(at + 8, true),
    });
  }
  const projectiles = [];
  for (let i = 0; i < projectileCount; ++i, at += kProjectile) {
    projectiles.push({
      id: view.getUint16(at, true), x: view.getUint16(at + 2, true), y: view.getUint16(at + 4, true),
      aim: view.getUint8(at + 6),
    });
  }
  return { tick: view.getUint32(4, true), players, projectiles };
}

/** Where everything is `part` of the way from one frame to the next. Who came back is not drawn across the arena. */
export function between(from, to, part) {
  const kFarthest = 1024; // in one tick; a projectile flies 768
  const mix = (list, others, key) => {
    const before = new Map(others.map((one) => [one[key], one]));
    return list.map((one) => {
      const was = before.get(one[key]);
      if (!was || Math.abs(one.x - was.x) > kFarthest || Math.abs(one.y - was.y) > kFarthest) return one;
      return { ...one, x: was.x + (one.x - was.x) * part, y: was.y + (one.y - was.y) * part };
    });
  };
  return { tick: to.tick, players: mix(to.players, from.players, 'slot'), projectiles: mix(to.projectiles, from.projectiles, 'id') };
}
