import { expect, it } from "vitest";
import { random } from "../../bench/random.ts";
import { createLookAhead, enter, leave, waiting } from "../../platform/look-ahead.ts";
import type { Event } from "../../schemas/event.ts";

const LAG = 300_000;
const DAY = 86_400_000;
const event = (number: number): Event => ({
  "@timestamp": "2026-01-05T00:00:00.000Z",
  "event.id": String(number),
  "event.dataset": "synthetic",
});

/** What `leave` promises, by looking at everything that waits. */
function promised(times: readonly number[], first: number, floor: number): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const time of times.slice(first)) {
    if (time >= floor && time < smallest) smallest = time;
  }
  return smallest + LAG;
}

// In order, out of order, far ahead, far behind, unreadable: each its share.
for (const [name, disorder] of [
  ["in order", 0],
  ["half in disorder", 0.5],
  ["in disorder", 1],
] as const) {
  it(`tells the arrival of records ${name}`, () => {
    const dice = random(7, 3);
    const ahead = createLookAhead();
    const times: number[] = [];
    let left = 0;
    let watermark = Number.NEGATIVE_INFINITY;
    const take = (): void => {
      const { event: taken, arrival } = leave(ahead, watermark);
      // Where a file begins is known from its first 64 records; all of these are within a day.
      const begins = (ahead.begins as number) > watermark ? (ahead.begins as number) : watermark;
      expect([taken["event.id"], arrival]).toEqual([String(left), promised(times, left, begins)]);
      const time = times[left++] as number;
      if (time <= arrival + LAG) watermark = Math.max(watermark, time - LAG);
    };
    for (let number = 0; number < 3000; number++) {
      const at = 1000 * number;
      const odd = dice.chance(disorder);
      const shift = odd ? (dice.chance(0.1) ? dice.integer(30 * DAY) : dice.integer(900_000)) : 0;
      times.push(odd && dice.chance(0.02) ? Number.NaN : at + (dice.chance(0.5) ? shift : -shift));
      enter(ahead, event(number), times.at(-1) as number);
      if (waiting(ahead) > 200) take();
    }
    while (waiting(ahead) > 0) take();
    expect(left).toBe(3000);
  });
}
