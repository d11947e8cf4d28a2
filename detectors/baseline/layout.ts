import type { EvidenceFamily } from "../../schemas/entity.ts";
import type { Evidence } from "../detector.ts";

/** Kinds of value whose novelty is watched, and how many of each an entity remembers. */
export const fields = [
  { name: "device", slots: 12 },
  { name: "network", slots: 18 },
  { name: "country", slots: 8 },
  { name: "user agent", slots: 10 },
  { name: "action", slots: 16 },
  { name: "host", slots: 44 },
  { name: "program", slots: 28 },
  { name: "service", slots: 18 },
  { name: "domain", slots: 20 },
  { name: "share", slots: 10 },
] as const;
export const FIELDS = fields.length;
export const Field = {
  device: 0,
  network: 1,
  country: 2,
  agent: 3,
  action: 4,
  host: 5,
  program: 6,
  service: 7,
  domain: 8,
  share: 9,
} as const;

export const slotStart: readonly number[] = fields.map((_, index) =>
  fields.slice(0, index).reduce((sum, field) => sum + field.slots, 0),
);
export const SLOTS = fields.reduce((sum, field) => sum + field.slots, 0);

/** Surprises beyond the ten novelties, which are features 0–9. */
export const Feature = {
  volume: 10,
  failures: 11,
  strange: 12,
  hour: 13,
  absence: 14,
  bytes: 15,
  login: 16,
  session: 17,
  activity: 18,
  context: 19,
} as const;
export const FEATURES = 20;

export interface Stream {
  readonly name: string;
  readonly weight: number;
  readonly features: readonly number[];
  readonly family: EvidenceFamily;
}

/** What is combined: dependent features share a stream; weights come from the threat model. */
export const streams: readonly Stream[] = [
  stream("sign-in context", 1, [Feature.login, Feature.session], "place"),
  stream("failures from strange places", 1, [Feature.strange], "failures"),
  stream("access", 1, [Field.host, Field.share], "access"),
  stream("software", 1, [Field.program, Field.service], "software"),
  stream("activity episode", 1, [Feature.activity], "access"),
  stream("bytes", 0.75, [Feature.bytes], "volume"),
  stream("time", 0.75, [Feature.hour, Feature.absence], "time"),
  stream("context episode", 0.75, [Feature.context], "place"),
  stream("persistent access", 0.75, [], "persistence"),
  stream("volume", 0.5, [Feature.volume], "volume"),
  stream("failures", 0.5, [Feature.failures], "failures"),
  stream(
    "identity",
    0.5,
    [Field.device, Field.network, Field.country, Field.agent, Field.action],
    "device",
  ),
  stream("web", 0.5, [Field.domain], "access"),
];
export const STREAMS = streams.length;
export const ACCESS = 2;
export const PERSISTENT = 8;

function stream(
  name: string,
  weight: number,
  features: readonly number[],
  family: EvidenceFamily,
): Stream {
  return { name, weight, features, family };
}

/** Offsets of the learned numbers in `models`. */
export const Model = {
  /** Active days, undecayed; the last of them as epoch day; accumulated access; exceedance days. */
  age: 0,
  lastDay: 1,
  access: 2,
  exceedDays: 3,
  /** Per day type: weight, sum, dispersion numerator and denominator. */
  volume: 4,
  failures: 12,
  strange: 16,
  /** Weight, mean, variance of ln(1 + bytes). */
  bytes: 20,
  /** Decayed new values by field, and the days they were counted over. */
  novelty: 23,
  exposure: 33,
  /** Active hours by day type, 24 each. */
  hours: 34,
} as const;
export const MODELS = 34 + 48;

/** Edges of the exceedance counts, in nats. */
export const edges = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.75, 5.5, 6.5, 8, 10] as const;
export const BINS = edges.length + 1;
export const LAGS = 10;

export const NEWS = 28;
export const EVIDENCE = 8;
export const LABELS = 5;

/** A value first met today: field, hash, how common it was among peers then (`rarityBucket`). */
export type News = [field: number, hash: number, bucket: number];

/** One local day. Sums, maxima and sets only, so that order within the day does not matter to them. */
export interface Window {
  readonly day: number;
  readonly offset: number;
  count: number;
  failures: number;
  strange: number;
  bytes: number;
  /** Bit per local hour; smallest hour tail in 1e-6. */
  hours: number;
  rarestHour: number;
  oddHour: number;
  absence: number;
  news: News[];
  /** How many times more new values of a field than usual the group meets today, 1–20. */
  common: number[];
  /** Rarest new values in words: field, text, peers that hold it, organisation. */
  labels: [field: number, text: string, bucket: number, peers: number, others: number][];
  /** Half-hour bucket, activity and context surprise in 1/100. */
  episodes: [bucket: number, activity: number, context: number][];
  /** Greatest sign-in surprise with its parts, and session surprise, in 1/100. */
  login: number;
  place: number;
  thing: number;
  session: number;
  /** Count at the last scoring; greatest T in 1e-4. */
  scoredAt: number;
  greatest: number;
  alerts: number;
  alertedP: number;
  /** Weight, event. Lightest first. */
  evidence: [weight: number, evidence: Evidence][];
  sourceIp: string;
}

export const openWindow = (day: number, offset: number): Window => ({
  day,
  offset,
  count: 0,
  failures: 0,
  strange: 0,
  bytes: 0,
  hours: 0,
  rarestHour: 1e6,
  oddHour: 0,
  absence: 0,
  news: [],
  common: [],
  labels: [],
  episodes: [],
  login: 0,
  place: 0,
  thing: 0,
  session: 0,
  scoredAt: 0,
  greatest: 0,
  alerts: 0,
  alertedP: 1,
  evidence: [],
  sourceIp: "",
});

export interface BaselineState {
  readonly hashes: Uint32Array;
  /** 0 = free, else last day (mod 1024) × 32 + days seen (1–31). */
  readonly marks: Uint16Array;
  readonly models: Float32Array;
  /** Days by stream and bin of exceedance. */
  readonly exceed: Uint8Array;
  /** Bins of the last ten active days, which do not count yet. */
  readonly lags: Uint8Array;
  group: string;
  sessions: [session: number, network: number, agent: number][];
  today: Window | undefined;
  yesterday: Window | undefined;
}

export const initState = (): BaselineState => ({
  hashes: new Uint32Array(SLOTS),
  marks: new Uint16Array(SLOTS),
  models: new Float32Array(MODELS),
  exceed: new Uint8Array(STREAMS * BINS),
  lags: new Uint8Array(STREAMS * LAGS),
  group: "",
  sessions: [],
  today: undefined,
  yesterday: undefined,
});
