/**
 * Tail of a circular histogram of 24 hours: the mass of all hours that are rarer than this one,
 * half of those as rare (highest-density region). `mass` need not sum to 1.
 */
export function hourTail(mass: ArrayLike<number>, hour: number): number {
  const own = mass[hour] ?? 0;
  let total = 0;
  let rarer = 0;
  for (let index = 0; index < 24; index++) {
    const value = mass[index] ?? 0;
    total += value;
    if (value < own) rarer += value;
    else if (value === own) rarer += value / 2;
  }
  return total <= 0 ? 1 : rarer / total;
}

/** Circular smoothing of 24 hours by (.2, .6, .2). */
export function smoothHours(mass: ArrayLike<number>): number[] {
  const smooth: number[] = [];
  for (let hour = 0; hour < 24; hour++) {
    const before = mass[hour === 0 ? 23 : hour - 1] ?? 0;
    const after = mass[hour === 23 ? 0 : hour + 1] ?? 0;
    smooth.push(0.2 * before + 0.6 * (mass[hour] ?? 0) + 0.2 * after);
  }
  return smooth;
}
