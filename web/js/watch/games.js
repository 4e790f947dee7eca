// How each game is watched, by its name: a game that is not here has no picture.
import { Arena } from '../arena.js';
import { kWalls } from '../play/walls.js';
import { between, decodeFrame } from '../spectator_frame.js';
import { BallPicture, betweenBall, decodeBall } from './ball.js';
import { SeaPicture, clockText, decodeSea } from './sea.js';

/**
 * decode: bytes → frame, which has a tick and players of {slot, score, note}. between: what to draw between two.
 * picture: draws frames on a canvas. fact: what the page says beside the tick; column: what `note` is.
 */
export const kGames = {
  arena: {
    decode(bytes) {
      const frame = decodeFrame(bytes);
      for (const player of frame.players) player.note = player.alive ? `${player.health}` : '–';
      return frame;
    },
    between,
    picture: (canvas, size) => new Arena(canvas, size, kWalls),
    label: 'The arena from above', column: 'Health', factName: 'Shots in flight',
    fact: (frame) => `${frame.projectiles.length}`,
  },
  ball: {
    decode: decodeBall,
    between: betweenBall,
    picture: (canvas, size) => new BallPicture(canvas, size),
    label: 'The pitch from above', column: 'Boost', factName: 'Goals',
    fact: (frame) => frame.goals.join(' : '),
  },
  sea: {
    decode(bytes, hz) {
      const frame = decodeSea(bytes);
      for (const player of frame.players) player.note = clockText(player.ticksLeft, hz);
      return frame;
    },
    between: (from, to) => to,
    picture: (canvas, size, hz) => new SeaPicture(canvas, size, hz),
    label: 'Two boards, with the shots at each', column: 'Time left', factName: 'Now',
    fact: (frame) => frame.what,
  },
};
