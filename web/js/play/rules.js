// What of the arena's rules a client needs: game/arena/world.hpp, in the same integers. Pure.
import { slide } from './walls.js';

export const kWalkSpeed = 64;
export const kProjectileSpeed = 3 * 256;
export const kMaxPlayers = 64;
export const kMaxProjectiles = 512;

const kQuarterSine = [
  0, 25, 50, 75, 100, 125, 150, 175, 200, 224, 249, 273, 297, 321, 345, 369, 392, 415, 438, 460, 483, 505, 526, 548, 569,
  590, 610, 630, 650, 669, 688, 706, 724, 742, 759, 775, 792, 807, 822, 837, 851, 865, 878, 891, 903, 915, 926, 936, 946,
  955, 964, 972, 980, 987, 993, 999, 1004, 1009, 1013, 1016, 1019, 1021, 1023, 1024, 1024,
];

/** sin of `aim` · 2π/256, times 1,024. */
export function sine(aim) {
  const phase = aim & 63;
  switch (aim >> 6 & 3) {
    case 0: return kQuarterSine[phase];
    case 1: return kQuarterSine[64 - phase];
    case 2: return -kQuarterSine[phase];
    default: return -kQuarterSine[64 - phase];
  }
}

/** Where the rules take a projectile in `ticks`. */
export function flown(projectile, ticks) {
  const dx = Math.trunc(sine(projectile.aim + 64) * kProjectileSpeed / 1024);
  const dy = Math.trunc(sine(projectile.aim) * kProjectileSpeed / 1024);
  return { ...projectile, x: projectile.x + dx * ticks & 0xffff, y: projectile.y + dy * ticks & 0xffff };
}

/** The movement of one player, alone: what is predicted. A new player. */
export function move(player, command) {
  return { ...player, aim: command.aim, ...slide(player, command.moveX * kWalkSpeed, command.moveY * kWalkSpeed) };
}

/** Of a packed command. */
export const kCommandBytes = 5;

/** The five bytes of a command (game/arena/command.hpp). */
export function packCommand({ moveX, moveY, aim, fire, weapon = 0, seenTick = 0, seenFraction = 0 }) {
  return [moveX + 1 | moveY + 1 << 2 | (fire ? 0x10 : 0) | weapon << 5, aim, seenTick & 0xff, seenTick >> 8 & 0xff,
    seenFraction];
}
