// The equal-work room: all players move by a uniform velocity in [-10, 9] on each axis, every tick.
import { schema, t } from "@colyseus/schema";

export const kTickHz = 20;
export const kPlayers = 10;

export const Player = schema(
  { x: t.int16(), y: t.int16(), vx: t.int8(), vy: t.int8(), hp: t.uint8() },
  "Player",
);
export const Arena = schema({ players: t.map(Player) }, "Arena");

export const velocity = () => Math.floor(Math.random() * 20) - 10;

const wrap = (value) => (value << 16) >> 16;

export function step(players) {
  for (const player of players.values()) {
    player.x = wrap(player.x + player.vx);
    player.y = wrap(player.y + player.vy);
  }
}
