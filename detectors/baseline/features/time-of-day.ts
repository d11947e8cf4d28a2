import { nats } from "../counts.ts";
import type { Day, Feature } from "../feature.ts";
import { hourRatio, restlessClock } from "../hours.ts";
import { commonMode, type Teller, tellCommon } from "../population.ts";
import { clock } from "../wording.ts";

function rarest(day: Day): { readonly hour: number; readonly ratio: number } {
  const found = { hour: 0, ratio: 1 };
  const restless = restlessClock(day.state, day.window);
  for (let hour = 0; hour < 24; hour++) {
    if ((day.window.hours & (1 << hour)) === 0) continue;
    const ratio = hourRatio(day, hour, restless);
    if (ratio >= found.ratio) continue;
    found.hour = hour;
    found.ratio = ratio;
  }
  return found;
}

/** Activity at hours that the entity's days, other days and its peers' do not have. */
export const hour: Feature = {
  name: "hour",
  stream: "time",
  memory: 0,
  sums: 0,
  surprise: (day) => nats(rarest(day).ratio),
  describe(day) {
    const { hour: at } = rarest(day);
    const seen = (day.state.hours[24 * day.type + at] as number) / 1024;
    return {
      observed: `active at ${clock(at)} local time`,
      expected: `that hour on about ${Math.round(seen)} of the recent active days`,
    };
  },
};

/** Days without any event that are nothing: a long weekend. */
const LONG = 4;
const ABSENT = "absent";

/** Tells everyone that the day's entity was long away, in the interval of its first minute. */
export function tellAbsence(of: Teller, amount: 1 | -1, minute: number): void {
  if (of.window.absence > LONG) tellCommon(of, ABSENT, amount, minute);
}

/** Back after more than four days. */
export const absence: Feature = {
  name: "absence",
  stream: "time",
  memory: 0,
  sums: 0,
  surprise(day) {
    if (day.window.absence <= LONG) return 0;
    // After a holiday everyone comes back at once.
    const common = commonMode(day, { what: ABSENT, rate: 0.02, own: 1 });
    return Math.max(0, Math.log(day.window.absence / common));
  },
  describe: ({ window }) => ({
    observed: `back after ${window.absence} days`,
    expected: "active every few days",
  }),
};
