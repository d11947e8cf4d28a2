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
