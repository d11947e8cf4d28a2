/** Seeded generator (mulberry32) with the draws the synthetic company needs. */
export interface Random {
  next(): number;
  integer(below: number): number;
  chance(p: number): boolean;
  pick<T>(list: readonly T[]): T;
  normal(): number;
  poisson(mean: number): number;
}

export function random(...seeds: readonly number[]): Random {
  let state = 0x9e3779b9;
  for (const seed of seeds) state = Math.imul(state ^ seed, 0x85ebca6b) ^ (state >>> 13);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    integer: (below) => Math.floor(next() * below),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)] as never,
    normal,
    poisson: (mean) => {
      if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
      let count = 0;
      for (let product = next(); product > Math.exp(-mean); product *= next()) count++;
      return count;
    },
  };
}
