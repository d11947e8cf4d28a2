import { addressIn, type Network, placeOf } from "../stage/addresses.ts";
import { around, type Fields, HOUR, MINUTE, openPage, type Page, sample } from "../stage/drafts.ts";
import type { Order, Strike } from "../stage/plan.ts";
import { leased, memberDay, otherThan, pcOf, plug, sessionOf } from "./member-day.ts";
import * as places from "./places.ts";
import { atMachine, atPortal, type Visit } from "./records.ts";
import { type Agency, isIn, type Member, pcName } from "./staff.ts";

/** Kinds that a log of sign-ins can show. */
export const shown = [
  "credential theft",
  "brute force",
  "mfa fatigue",
  "session hijack",
  "spray with success",
  "dormant wake",
  "mimicry",
] as const;

interface Scene {
  readonly agency: Agency;
  readonly victim: Member;
  readonly page: Page;
  /** 0 = as quiet as such an attack can be, 1 = loud. */
  readonly strength: number;
}

type Stranger = Pick<Visit, "place" | "agent" | "session" | "device">;

/** From the victim's own provider and browser to a rented machine abroad. */
function strangerOf({ page, victim, strength }: Scene): Stranger {
  const { dice, day } = page;
  const near: readonly Network[] = dice.chance(0.4)
    ? [victim.home]
    : [...places.homes, ...places.mobiles];
  const net = dice.pick(dice.chance(0.2 + 0.6 * strength) ? places.abroad : near);
  const place: Fields = dice.chance(0.5)
    ? placeOf(net, addressIn(net, dice))
    : leased(net, dice.integer(2 ** 24), day);
  const agents = dice.chance(0.25)
    ? places.homemade
    : dice.chance(0.75)
      ? places.browsers
      : places.pocket;
  const agent = dice.chance(0.35) ? victim.browser : dice.pick(agents);
  const device = dice.chance(0.5) ? undefined : pcName(30_000 + dice.integer(50_000));
  return { place, agent, session: sessionOf(page), device };
}

const whenever = ({ page, victim }: Scene): number =>
  page.midnight +
  (page.dice.chance(0.5)
    ? Math.min(14, Math.max(0, victim.arrives)) + page.dice.next() * 8
    : page.dice.next() * 22) *
    HOUR;

function stay(scene: Scene, at: number, stranger: Stranger): void {
  const { page, victim, strength } = scene;
  const { dice } = page;
  let next = at;
  for (let left = dice.poisson(0.5 + 4 * strength); left > 0; left--) {
    next += around(dice, 4 * MINUTE, 1);
    const kind = dice.chance(0.6) ? "session_use" : "sign_in";
    atPortal(page, next, {
      ...stranger,
      member: victim,
      kind,
      service: dice.pick(places.services),
    });
  }
}

function enter(scene: Scene, at: number, of: { stranger: Stranger; mfa?: boolean }): void {
  const { page, victim } = scene;
  const service = page.dice.pick(places.services);
  atPortal(page, at, {
    ...of.stranger,
    member: victim,
    kind: "sign_in",
    service,
    mfa: of.mfa === true,
  });
  stay(scene, at, of.stranger);
}

function bruteForce(scene: Scene): void {
  const { page, victim, strength, agency } = scene;
  const { dice } = page;
  const tries = Math.floor(5 * 30 ** (strength * dice.next() ** 0.4));
  const pause = around(dice, 40_000 / (1 + 15 * strength), 0.6);
  let at = whenever(scene);
  const inside = dice.chance(0.4);
  const pc = pcOf(agency, otherThan(agency, victim, page), page.day);
  const stranger = strangerOf(scene);
  for (let index = 0; index < tries; index++) {
    at += pause * (0.5 + dice.next());
    if (inside) atMachine(page, at, { member: victim, kind: "logon", pc, failed: true });
    else
      atPortal(page, at, {
        ...stranger,
        member: victim,
        kind: "sign_in",
        service: "mailbox",
        refused: "wrong_password",
      });
  }
  if (inside) atMachine(page, at + pause, { member: victim, kind: "logon", pc });
  else enter(scene, at + pause, { stranger });
}

function mfaFatigue(scene: Scene): void {
  const { page, victim, strength } = scene;
  const { dice } = page;
  const stranger = strangerOf(scene);
  let at = whenever(scene);
  for (let left = 2 + Math.floor(strength * 18 * dice.next()) + dice.poisson(1); left > 0; left--) {
    atPortal(page, at, {
      ...stranger,
      member: victim,
      kind: "mfa_prompt",
      service: "timesheet",
      refused: "denied",
    });
    at += around(dice, 80_000, 0.8);
  }
  enter(scene, at, { stranger, mfa: true });
}

function sessionHijack(scene: Scene): void {
  const { page, victim, agency } = scene;
  const { dice } = page;
  const uses = (memberDay(agency, victim, page.day)?.drafts ?? []).filter(
    ({ fields }) => fields["session.id"] !== undefined && fields["event.outcome"] === "success",
  );
  if (uses.length === 0) return;
  const { at, fields } = dice.pick(uses);
  const stranger = strangerOf(scene);
  const agent = dice.chance(0.4) ? (fields["user_agent.original"] as string) : stranger.agent;
  const device = dice.chance(0.3) ? fields["device.id"] : stranger.device;
  const same = { ...stranger, agent, device, session: fields["session.id"] as string };
  const first = at + around(dice, 15 * MINUTE, 1);
  atPortal(page, first, {
    ...same,
    member: victim,
    kind: "session_use",
    service: dice.pick(places.services),
  });
  stay(scene, first, same);
}

/** At a colleague's machine, in the own hours or a little after, often with a stick. */
function mimicry(scene: Scene): void {
  const { page, victim, strength, agency } = scene;
  const { dice } = page;
  const spots = 1 + dice.poisson(1.5 * strength);
  const from = Math.min(14, Math.max(1, victim.arrives));
  for (let left = spots; left > 0; left--) {
    const pc = pcOf(agency, otherThan(agency, victim, page), page.day);
    const at = page.midnight + (from + dice.next() * (8 + 4 * strength)) * HOUR;
    atMachine(page, at, { member: victim, kind: "logon", pc });
    if (dice.chance(0.3 + 0.5 * strength))
      plug(page, at + around(dice, 3 * MINUTE, 0.6), { member: victim, pc });
    if (dice.chance(0.6))
      atMachine(page, at + around(dice, 20 * MINUTE, 0.6), { member: victim, kind: "logoff", pc });
  }
}

function dormantWake(scene: Scene): void {
  const { page, victim, agency } = scene;
  const { dice } = page;
  if (dice.chance(0.5)) return enter(scene, whenever(scene), { stranger: strangerOf(scene) });
  const pc = pcOf(agency, dice.chance(0.5) ? victim : otherThan(agency, victim, page), page.day);
  const at = whenever(scene);
  if (dice.chance(0.4))
    atMachine(page, at - MINUTE, { member: victim, kind: "logon", pc, failed: true });
  atMachine(page, at, { member: victim, kind: "logon", pc });
  if (dice.chance(0.4)) plug(page, at + 4 * MINUTE, { member: victim, pc });
}

function spray(scene: Scene, targets: readonly Member[], pageOf: (member: Member) => Page): Page[] {
  const { page, strength } = scene;
  const { dice } = page;
  const stranger = strangerOf(scene);
  const pause = around(dice, 70_000 - 60_000 * strength, 0.5);
  const begin = page.midnight + dice.next() * 14 * HOUR;
  const hit = dice.integer(targets.length + 1);
  enter(scene, begin + hit * pause, { stranger });
  return targets.map((member, index) => {
    const own = pageOf(member);
    const at = begin + (index + (index < hit ? 0 : 1) + 0.4 * dice.next()) * pause;
    atPortal(own, at, {
      ...stranger,
      member,
      kind: "sign_in",
      service: "mailbox",
      refused: "wrong_password",
    });
    return own;
  });
}

const staged = {
  "credential theft": (scene: Scene): void =>
    enter(scene, whenever(scene), {
      stranger: strangerOf(scene),
      mfa: scene.page.dice.chance(0.3),
    }),
  "brute force": bruteForce,
  "mfa fatigue": mfaFatigue,
  "session hijack": sessionHijack,
  "dormant wake": dormantWake,
  mimicry,
};

const pageFor = (agency: Agency, member: Member, order: Order, day = order.day): Page =>
  openPage({
    seed: agency.options.seed,
    account: member.index,
    day,
    midnight: agency.midnight(day),
    first: order.first,
  });

const isShown = (kind: string): kind is (typeof shown)[number] =>
  (shown as readonly string[]).includes(kind);

/** Stages an attack on a day; undefined where the account drawn does not lend itself to it. */
export function strikeOf(agency: Agency, order: Order): Strike | undefined {
  const { dice, kind, day } = order;
  const victim = dice.pick(agency.members);
  if (!isShown(kind) || !order.isFree(victim.index) || victim.joins > 0) return undefined;
  // Nobody has been away for long in the first days of the run.
  if (kind === "dormant wake" ? victim.back <= day || day < 5 : !isIn(agency, victim, day))
    return undefined;
  const page = pageFor(agency, victim, order);
  const scene = { agency, victim, page, strength: dice.next() ** 1.6 };
  const strike = (...more: Page[]): Strike | undefined =>
    page.drafts.length === 0
      ? undefined
      : { account: victim.index, drafts: [page, ...more].flatMap((one) => one.drafts) };
  if (kind === "spray with success") {
    const others = agency.members.filter((member) => member !== victim && member.joins === 0);
    const targets = sample(others, Math.floor(6 + 30 * scene.strength ** 2), page.dice);
    return strike(...spray(scene, targets, (member) => pageFor(agency, member, order)));
  }
  staged[kind](scene);
  return strike();
}
