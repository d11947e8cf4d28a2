import type { Event } from "../../schemas/event.ts";
import { type Calendar, HOUR } from "./calendar.ts";
import type { Facts } from "./static-rules.ts";

/**
 * What the rivals know of an account's day. Independent of the engine: plain sums and "never seen
 * before of this account", the features that any first attempt would compute.
 */
export const featureNames = [
  "events",
  "failures",
  "bytes",
  "new hosts",
  "new programs",
  "new networks",
  "new devices",
  "new countries",
  "new domains",
  "new services",
  "off-hours share",
] as const;

export interface FeatureDay {
  readonly account: string;
  readonly day: string;
  /** In the order of `featureNames`: ln(1 + count) or a share. */
  readonly values: readonly number[];
  readonly facts: Facts;
}

const FIELDS = ["host", "program", "network", "device", "country", "domain", "service"] as const;
type Field = (typeof FIELDS)[number];

const valueOf: Record<Field, (event: Event) => string | undefined> = {
  host: (event) => event["host.name"],
  program: (event) => event["process.name"],
  network: (event) => event["source.as.number"]?.toString() ?? event["source.ip"],
  device: (event) => event["device.id"],
  country: (event) => event["source.geo.country_iso_code"],
  domain: (event) =>
    event["destination.domain"] ?? event["url.domain"] ?? event["dns.question.name"],
  service: (event) => event["service.name"],
};

interface Account {
  readonly known: Record<Field, Set<string>>;
  lastDay: number;
}

interface Today {
  events: number;
  failures: number;
  bytes: number;
  offHours: number;
  denials: number;
  night: boolean;
  service: boolean;
  readonly fresh: Record<Field, number>;
  /** Failures of the last ten minutes by address: times. */
  readonly recentFailures: Map<string, number[]>;
  guessed: boolean;
  readonly successesFrom: Set<string>;
  readonly sessions: Map<string, string>;
  movedSession: boolean;
}

const perField = <T>(make: () => T): Record<Field, T> =>
  Object.fromEntries(FIELDS.map((field) => [field, make()])) as Record<Field, T>;

const emptyDay = (): Today => ({
  events: 0,
  failures: 0,
  bytes: 0,
  offHours: 0,
  denials: 0,
  night: false,
  service: false,
  fresh: perField(() => 0),
  recentFailures: new Map(),
  guessed: false,
  successesFrom: new Set(),
  sessions: new Map(),
  movedSession: false,
});

/** Collects feature days from events in time order. */
export function collectFeatures(calendar: Calendar) {
  const accounts = new Map<string, Account>();
  const out: FeatureDay[] = [];
  let today = new Map<string, Today>();
  let failedOn = new Map<string, Set<string>>();
  let day = "";
  const flush = (): void => {
    for (const [account, of] of today) {
      const known = accounts.get(account) as Account;
      out.push(featureDay({ account, day, of, failedOn, gap: gapOf(known, day, calendar) }));
      known.lastDay = calendar.indexOf(day);
    }
    today = new Map();
    failedOn = new Map();
  };
  return {
    take(event: Event, at: number): void {
      const account = event["user.entity.id"] ?? event["user.name"];
      if (account === undefined) return;
      const now = calendar.dayOf(at);
      if (now !== day) flush();
      day = now;
      const known = accounts.get(account) ?? { known: perField(() => new Set()), lastDay: -1 };
      accounts.set(account, known);
      const of = today.get(account) ?? emptyDay();
      today.set(account, of);
      count(of, event, { hour: calendar.hourOf(at), off: calendar.isDayOff(now) });
      if (event["event.outcome"] === "failure") {
        const from = event["source.ip"] ?? "";
        failedOn.set(from, (failedOn.get(from) ?? new Set()).add(account));
      }
      signIn(of, event, at);
      for (const field of FIELDS) {
        const value = valueOf[field](event);
        if (value === undefined || known.known[field].has(value)) continue;
        known.known[field].add(value);
        of.fresh[field]++;
      }
    },
    end(): readonly FeatureDay[] {
      flush();
      return out;
    },
  };
}

const gapOf = (account: Account, day: string, calendar: Calendar): number =>
  account.lastDay < 0 ? 0 : calendar.indexOf(day) - account.lastDay;

function count(of: Today, event: Event, when: { hour: number; off: boolean }): void {
  of.events++;
  of.bytes += event["source.bytes"] ?? event["network.bytes"] ?? 0;
  if (when.off || when.hour < 7 || when.hour >= 19) of.offHours++;
  if (when.hour < 5) of.night = true;
  if (event["user.entity.type"] === "service") of.service = true;
}

function signIn(of: Today, event: Event, at: number): void {
  const from = event["source.ip"] ?? "";
  const failures = of.recentFailures.get(from) ?? [];
  if (event["event.outcome"] === "failure") {
    of.failures++;
    if (/mfa|push|challenge|denied/i.test(`${event["event.reason"]} ${event["event.action"]}`)) {
      of.denials++;
    }
    of.recentFailures.set(from, [...failures.slice(-4), at]);
  } else if (event["event.outcome"] === "success") {
    of.successesFrom.add(from);
    if (failures.length >= 5 && at - (failures[0] as number) < HOUR / 6) of.guessed = true;
  }
  const session = event["session.id"];
  if (session === undefined || from === "") return;
  const network = valueOf.network(event) as string;
  if ((of.sessions.get(session) ?? network) !== network) of.movedSession = true;
  of.sessions.set(session, network);
}

function featureDay(from: {
  readonly account: string;
  readonly day: string;
  readonly of: Today;
  readonly failedOn: ReadonlyMap<string, ReadonlySet<string>>;
  readonly gap: number;
}): FeatureDay {
  const { account, day, of, failedOn, gap } = from;
  const { fresh } = of;
  const sprayed = [...of.successesFrom].some(
    (ip) => ip !== "" && (failedOn.get(ip)?.size ?? 0) > 4,
  );
  return {
    account,
    day,
    values: [
      of.events,
      of.failures,
      of.bytes,
      fresh.host,
      fresh.program,
      fresh.network,
      fresh.device,
      fresh.country,
      fresh.domain,
      fresh.service,
    ]
      .map(Math.log1p)
      .concat(of.offHours / of.events),
    facts: {
      ...of,
      newHosts: fresh.host,
      newPrograms: fresh.program,
      newNetworks: fresh.network,
      newDevices: fresh.device,
      newCountries: fresh.country,
      newServices: fresh.service,
      sprayed,
      gap,
    },
  };
}
