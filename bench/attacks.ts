import type { Event } from "../schemas/event.ts";
import {
  DAY,
  type Draft,
  finish,
  HOUR,
  type Organisation,
  originOf,
  signIn,
  accountOf,
} from "./organisation.ts";
import { groupNames, hostsOf, type Person, type Site, sites } from "./people.ts";
import { type Random, random } from "./random.ts";

/** What was done to whom: `user` and `day` (YYYY-MM-DD of UTC) name the account-day that ought to rank high. */
export interface Label {
  readonly kind: AttackKind;
  readonly user: string;
  readonly day: string;
}

export type AttackKind =
  | "stolenCredential"
  | "lateralMovement"
  | "bruteForceSuccess"
  | "spray"
  | "oddTools";
export const attackKinds: readonly AttackKind[] = [
  "stolenCredential",
  "lateralMovement",
  "bruteForceSuccess",
  "spray",
  "oddTools",
];

type Make = (of: { org: Organisation; victim: Person; at: number; dice: Random }) => Draft[];

const stranger = (victim: Person, dice: Random): Partial<Event> => ({
  ...originOf({
    ip: `185.${dice.integer(250)}.${dice.integer(250)}.${1 + dice.integer(250)}`,
    as: 50000 + dice.integer(900),
    site: dice.pick(sites.filter((site) => site !== victim.site)) as Site,
  }),
  "user_agent.original": "python-requests/2",
});

const makers: Record<AttackKind, Make> = {
  stolenCredential: ({ victim, at, dice }) => {
    const origin = stranger(victim, dice);
    return Array.from({ length: 4 }, (_, index) =>
      signIn(at + index * 120_000, victim, {
        ...origin,
        "device.id": `X-${dice.integer(1e6)}`,
        "service.name": index === 0 ? "sso-portal" : "mail",
      }),
    );
  },
  lateralMovement: ({ victim, at, dice }) => {
    const group = dice.pick(groupNames.filter((name) => name !== victim.group));
    return Array.from({ length: 8 }, (_, index) => ({
      at: at + index * 200_000,
      ...accountOf(victim),
      "event.category": ["authentication"],
      "event.action": "logon",
      "event.outcome": "success" as const,
      "auth.logon_type": "network",
      "source.ip": `10.${sites.indexOf(victim.site)}.4.${1 + (victim.index % 250)}`,
      "host.name": hostsOf(group)[index] ?? "srv",
    }));
  },
  bruteForceSuccess: ({ victim, at, dice }) => {
    const origin = stranger(victim, dice);
    const tries = Array.from({ length: 40 }, (_, index) =>
      signIn(at + index * 4000, victim, {
        ...origin,
        "event.outcome": "failure",
        "service.name": "sso-portal",
      }),
    );
    return [...tries, signIn(at + 170_000, victim, { ...origin, "service.name": "sso-portal" })];
  },
  spray: ({ org, victim, at, dice }) => {
    const origin = stranger(victim, dice);
    const tried = org.people.filter((person) => !person.service && person !== victim).slice(0, 25);
    return [
      ...tried.map((person, index) =>
        signIn(at + index * 8000, person, {
          ...origin,
          "event.outcome": "failure",
          "service.name": "sso-portal",
        }),
      ),
      signIn(at + 240_000, victim, { ...origin, "service.name": "sso-portal" }),
    ];
  },
  oddTools: ({ victim, at, dice }) =>
    ["mimikatz", "psexec", "rclone", "procdump"].map((name, index) => ({
      at: at + index * 150_000 + dice.integer(1000),
      ...accountOf(victim),
      "event.category": ["process"],
      "event.action": "process_start",
      "host.name": victim.laptop.toLowerCase(),
      "process.name": name,
    })),
};

/** Attacks of every kind on random people, `perDay` from day `from` on, with what they are. */
export function attacks(
  org: Organisation,
  plan: { readonly seed: number; readonly from: number; readonly perDay: number },
): { events: Event[]; labels: Label[] } {
  const dice = random(plan.seed, 4242);
  const events: Event[] = [];
  const labels: Label[] = [];
  const victims = org.people.filter((person) => !person.service && person.joins < 0);
  for (let day = plan.from; day < org.options.days - 1; day++) {
    for (let index = 0; index < plan.perDay; index++) {
      const kind = attackKinds[labels.length % attackKinds.length] as AttackKind;
      const victim = dice.pick(victims);
      const at = org.options.start + day * DAY + (8 + 6 * dice.next() - victim.site.zone) * HOUR;
      events.push(
        ...finish(makers[kind]({ org, victim, at, dice }), `a${labels.length}-${plan.seed}`),
      );
      labels.push({ kind, user: victim.name, day: new Date(at).toISOString().slice(0, 10) });
    }
  }
  return {
    events: events.toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1)),
    labels,
  };
}

/** Merges two time-ordered streams. */
export function* merge(left: Iterable<Event>, right: readonly Event[]): Generator<Event> {
  let index = 0;
  for (const event of left) {
    for (
      let next = right[index];
      next !== undefined && next["@timestamp"] <= event["@timestamp"];
      next = right[++index]
    )
      yield next;
    yield event;
  }
  yield* right.slice(index);
}
