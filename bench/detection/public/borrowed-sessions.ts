import type { Event } from "../../../schemas/event.ts";
import { hash128 } from "../../../schemas/ids.ts";
import { type Random, random } from "../../random.ts";
import { type Clock, type Entry, HOUR, keyOf } from "./audit-log.ts";

/**
 * Attacks on a real log: somebody else's session under the victim's name (the masquerade of Schonlau
 * et al., Statistical Science 16(1), 2001), so that no attack has a value that the log does not hold
 * elsewhere. `stranger`: session of an account of another peer group (of any other account where the
 * log has no groups), at its own time of day. `stranger at night`: the same, begun in an hour at
 * which the victim has never been active and others have. `colleague`: of the victim's own group.
 */
export const borrowings = ["stranger", "stranger at night", "colleague"] as const;
export type Borrowing = (typeof borrowings)[number];

export interface BorrowedLabel {
  readonly kind: Borrowing;
  readonly account: string;
  readonly day: string;
}

export interface Injected {
  /** Benign and malicious entries by time. */
  readonly entries: readonly Entry[];
  readonly labels: readonly BorrowedLabel[];
}

export interface BorrowOptions {
  readonly seed: number;
  /** Attacks of each kind. */
  readonly perKind: number;
  /** First local day with attacks. */
  readonly from: string;
  readonly clock: Clock;
}

/** Silence that ends a session, in milliseconds. */
const PAUSE = HOUR / 2;
/** Events of a session that are borrowed at most. */
const LONGEST = 8;
/** Active days an account needs before it is attacked or borrowed from. */
const KNOWN_DAYS = 5;

interface Account {
  readonly name: string;
  readonly group: string | undefined;
  readonly days: readonly string[];
  readonly hours: ReadonlySet<number>;
  /** In time order. */
  readonly entries: readonly Entry[];
}

interface Attack {
  readonly kind: Borrowing;
  readonly victim: Account;
  readonly day: string;
  readonly session: readonly Entry[];
  /** Local milliseconds after midnight at which it begins. */
  readonly start: number;
}

/** No account-day is attacked twice; fewer attacks are made where the log offers no more. */
export function borrowSessions(entries: readonly Entry[], options: BorrowOptions): Injected {
  const dice = random(options.seed, 71);
  const accounts = accountsOf(entries);
  const attacks = new Map<string, Attack>();
  for (const kind of borrowings) {
    let left = options.perKind;
    for (let tries = 0; left > 0 && tries < 50 * options.perKind; tries++) {
      const attack = draw(kind, { accounts, from: options.from, dice });
      if (attack === undefined) continue;
      const key = keyOf({ account: attack.victim.name, day: attack.day });
      if (attacks.has(key)) continue;
      attacks.set(key, attack);
      left--;
    }
  }
  const hostile = [...attacks.values()].flatMap((attack, index) =>
    disguised(attack, { clock: options.clock, id: `${options.seed} ${index}` }),
  );
  return {
    entries: [...entries, ...hostile].toSorted((a, b) => a.at - b.at),
    labels: [...attacks.values()].map(({ kind, victim, day }) => ({
      kind,
      account: victim.name,
      day,
    })),
  };
}

/** Accounts with enough days, by name. */
function accountsOf(entries: readonly Entry[]): Account[] {
  const own = new Map<string, Entry[]>();
  for (const entry of entries) {
    const list = own.get(entry.account) ?? [];
    own.set(entry.account, list);
    list.push(entry);
  }
  return [...own]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, list]) => ({
      name,
      group: list.at(-1)?.event["user.group.name"],
      days: [...new Set(list.map(({ day }) => day))],
      hours: new Set(list.map(({ clock }) => Math.floor(clock / HOUR))),
      entries: list,
    }))
    .filter(({ days }) => days.length > KNOWN_DAYS);
}

/** One try; undefined when the accounts drawn do not allow it. */
function draw(
  kind: Borrowing,
  of: { readonly accounts: readonly Account[]; readonly from: string; readonly dice: Random },
): Attack | undefined {
  const { accounts, from, dice } = of;
  if (accounts.length < 2) return undefined;
  const [victim, donor] = [dice.pick(accounts), dice.pick(accounts)];
  const days = victim.days.slice(KNOWN_DAYS).filter((day) => day >= from);
  if (victim === donor || days.length === 0) return undefined;
  const grouped = victim.group !== undefined && donor.group !== undefined;
  const same = grouped && victim.group === donor.group;
  if (kind === "colleague" ? !same : same) return undefined;
  const session = sessionOf(donor, dice);
  const first = session[0] as Entry;
  const strange = [...new Set(accounts.flatMap(({ hours }) => [...hours]))]
    .filter((hour) => !victim.hours.has(hour))
    .toSorted((a, b) => a - b);
  if (kind === "stranger at night" && strange.length === 0) return undefined;
  const start =
    kind === "stranger at night" ? dice.pick(strange) * HOUR + (first.clock % HOUR) : first.clock;
  return { kind, victim, day: dice.pick(days), session, start };
}

/** The beginning of the session around an entry drawn at random. */
function sessionOf({ entries }: Account, dice: Random): Entry[] {
  let first = dice.integer(entries.length);
  const follows = (index: number): boolean =>
    index > 0 &&
    (entries[index] as Entry).day === (entries[index - 1] as Entry).day &&
    (entries[index] as Entry).at - (entries[index - 1] as Entry).at < PAUSE;
  while (follows(first)) first--;
  let end = first + 1;
  while (end < entries.length && end - first < LONGEST && follows(end)) end++;
  return entries.slice(first, end);
}

/** The donor's events with everything that names the account taken from the victim's latest event. */
function disguised(attack: Attack, of: { readonly clock: Clock; readonly id: string }): Entry[] {
  const { victim, day, session, start } = attack;
  const identity = named((victim.entries.at(-1) as Entry).event, true);
  const begun = of.clock.instant(day, start);
  const lastMoment = of.clock.instant(day, 24 * HOUR - 1);
  return session.map((entry, index) => {
    const at = Math.min(lastMoment, begun + entry.at - (session[0] as Entry).at);
    const { "event.original": _bytes, ...donated } = named(entry.event, false) as Event;
    const event: Event = {
      ...donated,
      ...identity,
      "@timestamp": new Date(at).toISOString(),
      "event.id": hash128("borrowed session", of.id, String(index)),
    };
    return { event, account: victim.name, at, ...of.clock.read(at) };
  });
}

/** The fields of an event that name the account, or all the others. */
const named = (event: Event, whether: boolean): Partial<Event> =>
  Object.fromEntries(
    Object.entries(event).filter(
      ([key]) => (key.startsWith("user.") || key === "session.id") === whether,
    ),
  );
