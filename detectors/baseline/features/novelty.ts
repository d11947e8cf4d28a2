import { fieldSurprise, jointSurprise, noveltyRate } from "../arrivals.ts";
import { interval } from "../wording.ts";
import type { Day, Feature, Line } from "../feature.ts";
import { Field, fields } from "../fields.ts";
import type { StreamName } from "../streams.ts";

/** What was new in these fields, in words, rarest first, with its holders among peers. */
export function describeNews(day: Day, wanted: readonly number[]): Line {
  const { window, context, state } = day;
  const met = wanted.filter((field) => (window.met[field] as number) > 0);
  const labels = window.labels.filter((label) => wanted.includes(label.field)).slice(0, 3);
  const names = labels.map((label) => label.text).join(", ");
  const group = state.group === "" ? "users" : `${state.group}|users`;
  const members = context.shared("baseline.population").get(group);
  const ofMachine = context.entity.type === "device" || context.entity.type === "host";
  const name = (field: number): string =>
    ofMachine && field === Field.device ? "account" : (fields[field] as { name: string }).name;
  return {
    observed:
      met.map((field) => `${window.met[field]} new ${name(field)}`).join(", ") +
      (names === "" ? "" : ` (${names})`),
    expected: met
      .map(
        (field) =>
          `${name(field)}: ${interval({ mean: noveltyRate(day, field), size: 1 })} new a day`,
      )
      .join(", "),
    ...(labels[0] === undefined ? {} : { peers: `${labels[0].peers} of ${members}` }),
  };
}

/** New values of one field: more of them, or rarer ones among peers, than the entity meets. */
const novelty = (field: number, stream: StreamName): Feature => ({
  name: `new ${(fields[field] as { name: string }).name}`,
  stream,
  memory: 0,
  sums: 0,
  surprise: (day) => fieldSurprise(day, field),
  describe: (day) => describeNews(day, [field]),
});

export const noveltyFeatures: readonly Feature[] = [
  novelty(Field.device, "identity"),
  novelty(Field.network, "identity"),
  novelty(Field.country, "identity"),
  novelty(Field.agent, "identity"),
  novelty(Field.action, "identity"),
  novelty(Field.host, "access"),
  novelty(Field.program, "software"),
  novelty(Field.service, "software"),
  novelty(Field.domain, "web"),
  novelty(Field.share, "access"),
];

const RESOURCES = [Field.host, Field.share] as const;

/** New hosts and shares as one stream: a few of each are as much as many of one. */
export const resource: Feature = {
  name: "new resource",
  stream: "access",
  memory: 0,
  sums: 0,
  surprise: (day) =>
    RESOURCES.some((field) => (day.window.met[field] as number) > 0)
      ? jointSurprise(day, RESOURCES)
      : 0,
  describe: (day) => describeNews(day, RESOURCES),
};
