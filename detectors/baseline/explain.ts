import type { Explanation } from "../../schemas/anomaly.ts";
import type { EvidenceFamily } from "../../schemas/entity.ts";
import type { DetectorContext, Finding } from "../detector.ts";
import { negativeBinomialQuantile } from "../stats/tails.ts";
import type { Combined, DayTail } from "./combine.ts";
import type { Knowledge } from "./knowledge.ts";
import {
  type BaselineState,
  Feature,
  fields,
  Field,
  Model,
  streams,
  type Window,
} from "./layout.ts";
import type { BaselineParams } from "./params.ts";
import { bytesModel, dayType, failureModel, noveltyRate, volumeModel } from "./surprise.ts";

type Context = DetectorContext<BaselineParams>;

interface Account {
  readonly state: BaselineState;
  readonly window: Window;
  readonly combined: Combined;
  readonly context: Context;
  readonly know: Knowledge;
}

interface Line {
  readonly observed: string;
  readonly expected: string;
  readonly peers?: string;
}

const interval = (model: { mean: number; size: number }): string =>
  `${negativeBinomialQuantile(0.05, model.mean, model.size)}–${negativeBinomialQuantile(0.95, model.mean, model.size)}`;

const round = (x: number): string => (x >= 10 ? String(Math.round(x)) : String(+x.toPrecision(2)));

/** What was new in these fields, in words, rarest first, with its holders among peers. */
function news(of: Account, wanted: readonly number[]): Line {
  const { window, state, know, context } = of;
  const met = wanted
    .map((field) => ({
      name: (fields[field] as { name: string }).name,
      count: window.news.filter((entry) => entry[0] === field).length,
      rate: noveltyRate(state, field, know),
    }))
    .filter((entry) => entry.count > 0);
  const labels = window.labels.filter((label) => wanted.includes(label[0])).slice(0, 3);
  const names = labels.map((label) => label[1]).join(", ");
  const rarest = labels[0];
  const group = state.group === "" ? "users" : `${state.group}|users`;
  const members = context.shared("baseline.population").get(group);
  return {
    observed:
      met.map((entry) => `${entry.count} new ${entry.name}`).join(", ") +
      (names === "" ? "" : ` (${names})`),
    expected: met
      .map((entry) => `${entry.name}: ${interval({ mean: entry.rate, size: 1 })} new a day`)
      .join(", "),
    ...(rarest === undefined ? {} : { peers: `${rarest[3]} of ${members}` }),
  };
}

const hour = (value: number): string => `${String(value).padStart(2, "0")}:00`;

function describeCounts(stream: string, of: Account): Line {
  const { state, window, know } = of;
  const rates = know.rates(state.group);
  if (stream === "volume") {
    return {
      observed: `${window.count} events`,
      expected: interval(volumeModel(state, window.day, rates)),
    };
  }
  if (stream === "failures from strange places") {
    return {
      observed: `${window.strange} failures from devices or networks new to the account`,
      expected: "0",
    };
  }
  if (stream === "failures") {
    return {
      observed: `${window.failures} failures`,
      expected: interval(failureModel(state, window, rates)),
    };
  }
  const { mean, deviation } = bytesModel(state, rates);
  const bound = (sigma: number): string => round(Math.expm1(mean + sigma * deviation) / 1e6);
  return {
    observed: `${round(window.bytes / 1e6)} MB`,
    expected: `${bound(-1.65)}–${bound(1.65)} MB`,
  };
}

function describeTime(of: Account): Line {
  const { state, window, combined } = of;
  if ((combined.y[Feature.absence] as number) > (combined.y[Feature.hour] as number)) {
    return { observed: `back after ${window.absence} days`, expected: "active every few days" };
  }
  const seen = state.models[Model.hours + 24 * dayType(window.day) + window.oddHour] as number;
  return {
    observed: `active at ${hour(window.oddHour)} local time`,
    expected: `that hour on about ${round(seen)} of the recent active days`,
  };
}

function describe(stream: string, of: Account): Line {
  const { window } = of;
  switch (stream) {
    case "sign-in context":
      return news(of, [Field.network, Field.country, Field.device, Field.agent, Field.service])
        .observed === ""
        ? {
            observed: `a sign-in from ${window.sourceIp || "an unusual place"} in a rare combination, or a session that moved`,
            expected: "places and devices of most days",
          }
        : news(of, [Field.network, Field.country, Field.device, Field.agent, Field.service]);
    case "access":
      return news(of, [Field.host, Field.share]);
    case "persistent access":
      return { ...news(of, [Field.host, Field.share]), expected: "no such days in a row" };
    case "software":
      return news(of, [Field.program, Field.service]);
    case "activity episode":
      return {
        ...news(of, [Field.host, Field.program, Field.share]),
        expected: "not within one hour",
      };
    case "context episode":
      return {
        ...news(of, [Field.device, Field.network, Field.agent, Field.action, Field.service]),
        expected: "not within one hour",
      };
    case "identity":
      return news(of, [Field.device, Field.network, Field.country, Field.agent, Field.action]);
    case "web":
      return news(of, [Field.domain]);
    case "time":
      return describeTime(of);
    default:
      return describeCounts(stream, of);
  }
}

function familiesOf(of: Account): EvidenceFamily[] {
  const { combined, window } = of;
  const families = new Map<EvidenceFamily, number>();
  const add = (family: EvidenceFamily, share: number): void =>
    void families.set(family, (families.get(family) ?? 0) + share);
  streams.forEach(({ name, family }, stream) => {
    const share = combined.shares[stream] as number;
    if (name !== "sign-in context" || window.login === 0) return add(family, share);
    // A sign-in that is odd in both place and thing stands for both, with the share it has.
    if (window.place > 100 || window.thing <= 100) add("place", share);
    if (window.thing > 100) add("device", share);
  });
  const strong = [...families].filter(([, share]) => share >= 0.2).map(([family]) => family);
  if (strong.length > 0) return strong;
  const [first] = [...families].toSorted((a, b) => b[1] - a[1]);
  return first === undefined ? [] : [first[0]];
}

/** The finding for a day, in numbers and words. */
export function explainDay(
  of: Account,
  { tail, p }: DayTail,
): Omit<Finding, "windowStart" | "discriminator"> {
  const { state, window, combined, context } = of;
  const ranked = streams
    .map(({ name }, stream) => ({ name, share: combined.shares[stream] as number }))
    .filter((entry) => entry.share >= 0.04)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, 5);
  const explanation: Explanation[] = ranked.map(({ name, share }) => ({
    feature: name,
    ...describe(name, of),
    share: Math.round(share * 1000) / 1000,
  }));
  const told = explanation.reduce((sum, line) => sum + line.share, 0);
  if (told < 0.999) {
    explanation.push({
      feature: "other",
      observed: "several weak signs",
      expected: "none",
      share: Math.round((1 - told) * 1000) / 1000,
    });
  }
  const age = Math.round(state.models[Model.age] as number);
  const top = explanation[0];
  return {
    p,
    score: -Math.log(tail),
    severity: Math.max(1, Math.min(95, Math.round(20 + 17 * -Math.log10(p)))),
    certain: false,
    families: familiesOf(of),
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
