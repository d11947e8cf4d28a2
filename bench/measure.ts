/** One measured value, with what it is held to. */
export interface Figure {
  /** What was measured: stable, it is the key of bench/baseline.json. */
  readonly name: string;
  /** The absolute figure with its unit; it moves with the machine. */
  readonly figure: string;
  /** Against the yardstick measured in between in the same run; it does not move with the machine. */
  readonly ratio?: number;
  /** Absolute value in the unit of `bar`, where the bar is no ratio. */
  readonly value?: number;
  readonly bar?: Bar;
}

export interface Bar {
  readonly least?: number;
  readonly most?: number;
  /** Unit of a bar on `value`; absent = a bar on the ratio. */
  readonly unit?: string;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(): AsyncIterable<Figure>;
}

/** Undefined without a bar. */
export function passes({ ratio, value, bar }: Figure): boolean | undefined {
  if (bar === undefined) return undefined;
  const measured = bar.unit === undefined ? ratio : value;
  if (measured === undefined) return false;
  return measured >= (bar.least ?? -Infinity) && measured <= (bar.most ?? Infinity);
}

/** CPU of this process, user and system, all threads, in µs. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

export interface Slices {
  /** Per arm the CPU µs of each slice. */
  readonly cpu: ReadonlyMap<string, readonly number[]>;
}

export type Arm = (slice: number) => void | Promise<void>;

/**
 * Runs every arm on every slice before the next slice, in rotating order, so that whatever slows the
 * machine slows all arms alike. The first `warm` slices are not counted.
 */
export async function interleave(
  arms: Readonly<Record<string, Arm>>,
  of: { readonly slices: number; readonly warm: number },
): Promise<Slices> {
  const names = Object.keys(arms);
  const cpu = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let slice = 0; slice < of.slices; slice++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + slice) % names.length] as string;
      const before = cpuMicros();
      await arms[name]?.(slice);
      if (slice >= of.warm) cpu.get(name)?.push(cpuMicros() - before);
    }
  }
  return { cpu };
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Median over groups of slices of Σ yardstick ÷ Σ arm: the speed of the arm, 1 = as fast. */
export function speedRatio(
  slices: Slices,
  of: { readonly yardstick: string; readonly arm: string; readonly groups: number },
): { readonly ratio: number; readonly spread: readonly [number, number] } {
  const yardstick = slices.cpu.get(of.yardstick) ?? [];
  const arm = slices.cpu.get(of.arm) ?? [];
  const size = Math.ceil(arm.length / of.groups);
  const ratios: number[] = [];
  for (let from = 0; from < arm.length; from += size) {
    ratios.push(sum(yardstick.slice(from, from + size)) / sum(arm.slice(from, from + size)));
  }
  return { ratio: median(ratios), spread: [Math.min(...ratios), Math.max(...ratios)] };
}

export const micros = (value: number): string => `${value.toFixed(2)} µs`;
