import type { Explanation } from "../../schemas/anomaly.ts";
import type { EvidenceFamily } from "../../schemas/entity.ts";
import type { Finding } from "../detector.ts";
import { behaviourCurve, type Combined, type DayTail } from "./combine.ts";
import { places } from "./day.ts";
import type { Drift } from "./drift.ts";
import type { Day, Feature, Line } from "./feature.ts";
import { features, featuresOf } from "./features/index.ts";
import { signIn, signInParts } from "./features/sign-in.ts";
import { streamIndex, streams } from "./streams.ts";

const SIGN_IN = streamIndex("sign-in context");
const BEHAVIOUR = streamIndex("known behaviour");
const ACCESS = featuresOf(streamIndex("access"));
const signInPlace = places[features.indexOf(signIn)] as (typeof places)[number];

/** The feature of a stream that decided. */
function decisive(indices: readonly number[], combined: Combined): number | undefined {
  const [first] = indices.toSorted(
    (left, right) => (combined.y[right] as number) - (combined.y[left] as number),
  );
  return first;
}

function describeBehaviour(day: Day, combined: Combined): Line {
  const [most] = combined.behaviours.toSorted((a, b) => b.x - a.x);
  if (most === undefined) return { observed: "a known bad behaviour", expected: "none" };
  const tail = day.know.curve(behaviourCurve(most.name)).tail(most.x);
  return {
    observed: `${most.name} strength ${most.x.toFixed(1)}`,
    expected: `less on all but one in ${Math.round(1 / tail)} days`,
  };
}

function describe(day: Day, stream: number, combined: Combined): Line {
  if (stream === BEHAVIOUR) return describeBehaviour(day, combined);
  const own = featuresOf(stream);
  const index = decisive(own.length === 0 ? ACCESS : own, combined);
  if (index === undefined) return { observed: "an odd day", expected: "less" };
  const line = (features[index] as Feature).describe(day, places[index] as (typeof places)[number]);
  return own.length === 0 ? { ...line, expected: "no such days in a row" } : line;
}

function familiesOf(day: Day, combined: Combined): EvidenceFamily[] {
  const families = new Map<EvidenceFamily, number>();
  const add = (family: EvidenceFamily, share: number): void =>
    void families.set(family, (families.get(family) ?? 0) + share);
  const { place, thing } = signInParts(day, signInPlace.sums);
  streams.forEach(({ family }, stream) => {
    const share = combined.shares[stream] as number;
    if (stream !== SIGN_IN || place + thing === 0) return add(family, share);
    // A sign-in that is odd in both place and thing stands for both, with the share it has.
    if (place > 1 || thing <= 1) add("place", share);
    if (thing > 1) add("device", share);
  });
  const strong = [...families].filter(([, share]) => share >= 0.2).map(([family]) => family);
  if (strong.length > 0) return strong;
  const [first] = [...families].toSorted((a, b) => b[1] - a[1]);
  return first === undefined ? [] : [first[0]];
}

const thousandths = (share: number): number => Math.round(share * 1000) / 1000;

function linesOf(day: Day, combined: Combined): Explanation[] {
  const lines: Explanation[] = streams
    .map(({ name }, stream) => ({ name, stream, share: combined.shares[stream] as number }))
    .filter((entry) => entry.share >= 0.04)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, 5)
    .map(({ name, stream, share }) => ({
      feature: name,
      ...describe(day, stream, combined),
      share: thousandths(share),
    }));
  const told = lines.reduce((sum, line) => sum + (line.share ?? 0), 0);
  if (told < 0.999) {
    lines.push({
      feature: "other",
      observed: "several weak signs",
      expected: "none",
      share: thousandths(1 - told),
    });
  }
  return lines;
}

type Said = Omit<Finding, "windowStart" | "discriminator">;

const severityOf = (p: number): number =>
  Math.max(1, Math.min(95, Math.round(20 + 17 * -Math.log10(p))));

/** The finding for a day, in numbers and words. */
export function explainDay(day: Day, combined: Combined, { tail, p }: DayTail): Said {
  const { window, context } = day;
  const explanation = linesOf(day, combined);
  const age = Math.round(day.age);
  const top = explanation[0];
  return {
    p,
    score: -Math.log(tail),
    severity: severityOf(p),
    certain: false,
    families: familiesOf(day, combined),
    evidence: window.evidence.map((entry) => entry[1]),
    ...(window.sourceIp === ""
      ? {}
      : {
          related: [{ type: "source" as const, id: window.sourceIp }],
          sourceIp: window.sourceIp,
        }),
    baselineAgeDays: age,
    message:
      `${context.entity.id}: ${top?.observed ?? "an odd day"}; expected ${top?.expected ?? "less"}` +
      `${top?.peers === undefined ? "" : ` (rarest one held by ${top.peers} peers)`}; ` +
      `about 1 benign day in ${Math.round(1 / p)} is as odd, after ${age} active days of baseline.`,
    explanation,
  };
}

/** The finding for a slow ramp. */
export function explainDrift(day: Day, drift: Drift, { tail, p }: DayTail): Said {
  const { window, context } = day;
  const age = Math.round(day.age);
  const observed = `${drift.metric}: ${drift.times.toFixed(1)} times the slow baseline, after days of growth (cumulative sum ${drift.sum.toFixed(1)})`;
  return {
    p,
    score: -Math.log(tail),
    severity: severityOf(p),
    certain: false,
    families: ["volume"],
    evidence: window.evidence.map((entry) => entry[1]),
    baselineAgeDays: age,
    message:
      `${context.entity.id}: ${observed}; expected days around the baseline, some above and some ` +
      `below; a slow ramp is how data is taken without one odd day, after ${age} active days of baseline.`,
    explanation: [{ feature: "drift", observed, expected: "cumulative sum below 4.5", share: 1 }],
  };
}
