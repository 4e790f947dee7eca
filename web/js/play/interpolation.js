// Between two snapshots. Pure.

/** The snapshots around `tick`: {from, to}, the same one twice at the ends. `history` is not empty, oldest first. */
export function newestBefore(history, tick) {
  const after = history.findIndex((one) => one.tick >= tick);
  if (after < 0) return { from: history.at(-1), to: history.at(-1) };
  return { from: history[Math.max(0, after - 1)], to: history[after] };
}

/** Where everybody is `part` of the way from one snapshot to the next; players as the server judges shots: alive in both. */
export function between(from, to, part) {
  const mix = (list, others, key) => {
    const before = new Map(others.map((one) => [one[key], one]));
    return list.map((one) => {
      const was = before.get(one[key]);
      if (!was || was.alive === false || one.alive === false) return one;
      return { ...one, x: was.x + (one.x - was.x) * part, y: was.y + (one.y - was.y) * part };
    });
  };
  return { tick: to.tick, players: mix(to.players, from.players, 'slot'), projectiles: mix(to.projectiles, from.projectiles, 'id') };
}
