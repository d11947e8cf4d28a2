import { random, type Random } from "../../random.ts";
import { type AttackKind, attackKinds, type Label } from "../simulation.ts";
import * as account from "./account-attacks.ts";
import { HOUR } from "./clock.ts";
import { below } from "./draws.ts";
import * as inside from "./inside-attacks.ts";
import type { Person } from "./people.ts";
import { personDay } from "./person-day.ts";
import type { Draft } from "./records.ts";
import { serviceByHand } from "./robot-attack.ts";
import { type Casting, castingDice, type Scene, sceneOf } from "./scene.ts";
import { type Shift, shiftOf } from "./shift.ts";
import { logSilence, ramp, type Tampering } from "./tampering.ts";
import type { World } from "./world.ts";

/** All attacks of a run, played before its first event, since labels name the events. */
export interface AttackPlan {
  readonly labels: readonly Label[];
  /** Malicious records that come on top, in time order. */
  readonly drafts: readonly Draft[];
  readonly tamperings: ReadonlyMap<string, readonly Tampering[]>;
}

interface Attack {
  readonly account: string;
  /** Malicious records of the account. */
  readonly own: readonly Draft[];
  /** All records that come on top, those that hit other accounts among them. */
  readonly added: readonly Draft[];
  readonly tampering?: Tampering;
  /** Days of the label where no record tells them. */
  readonly days?: readonly number[];
}

type Days = readonly [first: number, last: number];

/** Calendar days an attack takes, and how often it is begun beside one of a day. */
const slow: Partial<Record<AttackKind, { readonly days: number; readonly weight: number }>> = {
  "ten-day insider": { days: 14, weight: 0.5 },
  "ramp 20 days": { days: 20, weight: 0.25 },
  "ramp 60 days": { days: 60, weight: 0.12 },
};
const weightOf = (kind: AttackKind): number => slow[kind]?.weight ?? 1;
const lengthOf = (kind: AttackKind): number => slow[kind]?.days ?? 1;

const playOn = (scene: Scene, play: (scene: Scene) => Draft[] | void): Attack | undefined => {
  const others = play(scene) ?? [];
  const own = scene.page.out;
  return { account: scene.person.name, own, added: [...own, ...others] };
};

function playRamp(scene: Scene, length: number): Attack | undefined {
  const { world, person } = scene;
  const tampering = ramp(scene, length);
  const own: Draft[] = [];
  let worked = 0;
  const last = Math.min(tampering.to, world.options.days - 1);
  for (let day = tampering.from; day <= last; day++) {
    const drafts = personDay(world, person, day);
    if (drafts.length > 0) worked++;
    tampering.change(drafts, day, own);
  }
  if (worked < (last - tampering.from) * 0.5) return undefined;
  return { account: person.name, own, added: [], tampering };
}

function playInsider(scene: Scene): Attack | undefined {
  const own = inside.tenDayInsider(scene)?.flatMap(({ out }) => out);
  return own === undefined ? undefined : { account: scene.person.name, own, added: own };
}

const plays: Record<AttackKind, (scene: Scene) => Attack | undefined> = {
  "credential theft": (scene) => playOn(scene, account.credentialTheft),
  "lateral movement": (scene) => playOn(scene, inside.lateralMovement),
  "brute force": (scene) => playOn(scene, account.bruteForce),
  exfiltration: (scene) => playOn(scene, inside.exfiltration),
  "ten-day insider": playInsider,
  "rare tools": (scene) => playOn(scene, inside.rareTools),
  mimicry: (scene) => playOn(scene, inside.mimicry),
  "mfa fatigue": (scene) => playOn(scene, account.mfaFatigue),
  "session hijack": (scene) => playOn(scene, account.sessionHijack),
  "spray with success": (scene) => playOn(scene, account.sprayWithSuccess),
  "dormant wake": (scene) => playOn(scene, account.dormantWake),
  "service by hand": (scene) => {
    const robots = scene.world.robots.filter(({ kind }) => kind !== "scanner");
    const robot = scene.dice.pick(robots);
    const own = serviceByHand(scene, robot).out;
    return { account: robot.name, own, added: own };
  },
  "log silence": (scene) => {
    const { person, day } = scene;
    const tampering = logSilence(scene);
    return { account: person.name, own: [], added: [], tampering, days: [day] };
  },
  "ramp 20 days": (scene) => playRamp(scene, 20),
  "ramp 60 days": (scene) => playRamp(scene, 60),
};

/** Last day of work before a month without any; undefined for accounts in use. */
function lastBeforeDormancy(world: World, person: Person, day: number): Shift | undefined {
  for (let back = day + 1; back >= 0; back--) {
    const shift = shiftOf(world, person, back);
    if (shift !== undefined) return back < day - 30 ? shift : undefined;
  }
  return undefined;
}

function dormantScene(casting: Casting, person: Person): Scene | undefined {
  const { world, day, number } = casting;
  const last = lastBeforeDormancy(world, person, day);
  if (last === undefined) return undefined;
  const begin = world.calendar.midnight(person.site.zone, day) + 9 * HOUR;
  const shift = { ...last, day, begin, hours: 8 };
  return sceneOf({ world, kind: casting.kind, number, day, dice: casting.dice }, person, shift);
}

function attempt(casting: Casting, person: Person): Attack | undefined {
  const scene =
    casting.kind === "dormant wake" ? dormantScene(casting, person) : sceneOf(casting, person);
  return scene === undefined ? undefined : plays[casting.kind](scene);
}

/** Attacked account-days a day and person at most: 0.9 % of those with events, less some luck. */
const MOST = 0.8 / 120;

/** Every kind at least once, the rest by weight. */
function kindsOf(world: World, dice: Random): AttackKind[] {
  const { attacks, attacksPerDay, attacksFrom, days, people } = world.options;
  const kinds = attackKinds.filter((kind) => attacks.includes(kind));
  const window = Math.max(0, days - 1 - attacksFrom);
  if (attacksPerDay * window === 0) return [];
  const weight = kinds.reduce((sum, kind) => sum + weightOf(kind), 0);
  const cost = kinds.reduce((sum, kind) => sum + weightOf(kind) * lengthOf(kind), 0) / weight;
  const begun = window * Math.min(attacksPerDay, (MOST * people) / cost);
  return kinds.flatMap((kind) => {
    const count = Math.floor((begun * weightOf(kind)) / weight + dice.next());
    return below(Math.max(1, count)).map(() => kind);
  });
}

function labelOf(of: { world: World; kind: AttackKind; id: string }, attack: Attack): Label {
  const { calendar, options } = of.world;
  const inRun = ({ at }: Draft): boolean =>
    at >= options.start && calendar.dayAt(at) < options.days;
  const own = attack.own.filter(inRun).toSorted((a, b) => a.at - b.at);
  const days = attack.days ?? [...new Set(own.map(({ at }) => calendar.dayAt(at)))];
  return {
    id: of.id,
    kind: of.kind,
    account: attack.account,
    days: days.map((day) => calendar.dates[day]!),
    eventIds: own.map(({ event }) => event["event.id"]),
  };
}

/** Plays one attack on a free account on some day; undefined when none is found. */
function play(world: World, kind: AttackKind, of: { number: number; busy: Map<string, Days[]> }) {
  const dice = castingDice(world, of.number);
  const { attacksFrom, days } = world.options;
  const latest = Math.max(
    attacksFrom + 1,
    days - (kind === "ten-day insider" ? 17 : lengthOf(kind)),
  );
  for (let tries = 0; tries < (kind === "dormant wake" ? 3000 : 300); tries++) {
    const day = attacksFrom + dice.integer(latest - attacksFrom);
    const attack = attempt({ world, kind, number: of.number, day, dice }, dice.pick(world.people));
    if (attack === undefined) continue;
    const label = labelOf({ world, kind, id: `harbour-${of.number}` }, attack);
    const span: Days = [day - 3, day + lengthOf(kind) + 3];
    const taken = of.busy.get(attack.account) ?? [];
    if (label.days.length === 0 || taken.some(([a, b]) => span[0] <= b && a <= span[1])) continue;
    const gap = kind === "dormant wake" ? ([day - 3, Infinity] as const) : span;
    of.busy.set(attack.account, [...taken, gap]);
    return { label, attack };
  }
  return undefined;
}

/**
 * Draws the attacks of a run: `attacksPerDay`, or fewer, so that malicious account-days stay rare.
 * Guesses of a spray at other accounts are in the stream and in no label.
 */
export function planAttacks(world: World): AttackPlan {
  const busy = new Map<string, Days[]>();
  const kinds = kindsOf(world, random(world.options.seed, 603));
  const played = kinds.flatMap((kind, number) => play(world, kind, { number, busy }) ?? []);
  const tamperings = new Map<string, Tampering[]>();
  for (const { attack } of played) {
    const { tampering, account: name } = attack;
    if (tampering !== undefined) tamperings.set(name, [...(tamperings.get(name) ?? []), tampering]);
  }
  return {
    labels: played
      .map(({ label }) => label)
      .toSorted((a, b) => (a.days[0]! < b.days[0]! ? -1 : a.days[0]! > b.days[0]! ? 1 : 0)),
    drafts: played.flatMap(({ attack }) => attack.added).toSorted((a, b) => a.at - b.at),
    tamperings,
  };
}
