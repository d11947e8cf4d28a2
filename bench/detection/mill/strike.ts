import { openPage, HOUR, type Page, sample } from "../stage/drafts.ts";
import type { Order, Ramp, Strike } from "../stage/plan.ts";
import { ramped } from "../stage/plan.ts";
import type { Plant, Worker } from "./plant.ts";
import { shiftOf } from "./presence.ts";
import type { Scene } from "./scene.ts";
import * as access from "./strikes-access.ts";
import * as identity from "./strikes-identity.ts";
import { accountDay } from "./workday.ts";

const isPerson = (worker: Worker): boolean => worker.role !== "robot" && worker.role !== "scanner";

const wasAway = (plant: Plant, worker: Worker, day: number): boolean => {
  for (let back = 0; back < 14; back++)
    if (shiftOf(plant, worker, day - back) !== undefined) return false;
  return true;
};

function victimFor(plant: Plant, order: Order): Worker | undefined {
  const worker = order.dice.pick(plant.workers);
  const { kind, day } = order;
  if (!order.isFree(worker.index) || worker.auditor) return undefined;
  if (kind === "service by hand") return worker.role === "robot" ? worker : undefined;
  if (!isPerson(worker) || worker.joins > day - 21) return undefined;
  if (kind === "dormant wake") return wasAway(plant, worker, day) ? worker : undefined;
  return shiftOf(plant, worker, day) === undefined ? undefined : worker;
}

/** The page of an attack's events, whose ids no benign page uses. */
const pageFor = (plant: Plant, worker: Worker, order: Order, day = order.day): Page =>
  openPage({
    seed: plant.options.seed,
    account: worker.index,
    day,
    midnight: plant.calendar.midnight(day),
    first: order.first,
  });

function sceneOf(plant: Plant, victim: Worker, of: { page: Page; strength: number }): Scene {
  const { page, strength } = of;
  const shift = shiftOf(plant, victim, page.day) ?? { from: 8, hours: 9 };
  const at = (): number => page.midnight + (shift.from + page.dice.next() * shift.hours) * HOUR;
  return { plant, victim, page, strength, at };
}

function insider(plant: Plant, victim: Worker, order: Order): Strike | undefined {
  const pages: Page[] = [];
  for (let day = order.day; day < order.day + 16 && pages.length < 10; day++) {
    if (shiftOf(plant, victim, day) === undefined || day >= plant.options.days) continue;
    const page = pageFor(plant, victim, order, day);
    access.insiderDay(sceneOf(plant, victim, { page, strength: 0.5 }));
    pages.push(page);
  }
  if (pages.length < 10) return undefined;
  return { account: victim.index, drafts: pages.flatMap((page) => page.drafts) };
}

/** The page of a day under a ramp, and what the ramp did to it. */
export const rampedDay = (plant: Plant, page: Page, ramp: Ramp) =>
  ramped(
    page,
    ramp,
    openPage({
      seed: plant.options.seed,
      account: page.account,
      day: page.day,
      midnight: page.midnight,
      first: ramp.first,
    }),
  );

function rampOf(plant: Plant, victim: Worker, order: Order): Strike | undefined {
  const span = order.kind === "ramp 20 days" ? 20 : 60;
  const { dice, first, day: from } = order;
  if (victim.leaves < from + span || victim.rate < 8) return undefined;
  const top = 8 * 2.5 ** dice.next();
  const ramp = { account: victim.index, from, span, top, busier: dice.chance(0.5), first };
  const changed = [];
  for (let day = from; day < from + span; day++) {
    const page = accountDay(plant, victim, day);
    if (page !== undefined) changed.push(...rampedDay(plant, page, ramp).changed);
  }
  return { account: victim.index, drafts: [], changed, ramp };
}

function silence(plant: Plant, victim: Worker, order: Order): Strike | undefined {
  const benign = accountDay(plant, victim, order.day);
  const end = plant.calendar.midnight(order.day + 1);
  // Someone who is silent must still be seen to be there, and to have had something to say.
  const seen = benign?.drafts.filter((draft) => draft.at < end) ?? [];
  const told = seen.filter(({ fields }) => fields["event.dataset"] === "keycloak.event").length;
  if (told === 0 || seen.length - told < 3) return undefined;
  return { account: victim.index, drafts: [], silent: order.day };
}

function spray(scene: Scene, order: Order): Strike {
  const { plant, victim, page, strength } = scene;
  const others = plant.workers.filter(
    (worker) => isPerson(worker) && worker !== victim && worker.joins <= order.day,
  );
  const targets = sample(others, Math.floor(6 + 30 * strength ** 2), page.dice);
  const pages = identity.sprayWithSuccess(scene, targets, (worker) =>
    pageFor(plant, worker, order),
  );
  return { account: victim.index, drafts: [page, ...pages].flatMap((one) => one.drafts) };
}

const staged = {
  "credential theft": identity.credentialTheft,
  "lateral movement": access.lateralMovement,
  "brute force": identity.bruteForce,
  exfiltration: access.exfiltration,
  "rare tools": access.rareTools,
  mimicry: access.mimicry,
  "mfa fatigue": identity.mfaFatigue,
} as const;

/** Stages an attack on a day; undefined where the account drawn does not lend itself to it. */
export function strikeOf(plant: Plant, order: Order): Strike | undefined {
  const victim = victimFor(plant, order);
  if (victim === undefined) return undefined;
  const { kind, dice } = order;
  if (kind === "ten-day insider") return insider(plant, victim, order);
  if (kind === "ramp 20 days" || kind === "ramp 60 days") return rampOf(plant, victim, order);
  if (kind === "log silence") return silence(plant, victim, order);
  const page = pageFor(plant, victim, order);
  const scene = sceneOf(plant, victim, { page, strength: dice.next() ** 1.6 });
  if (kind === "spray with success") return spray(scene, order);
  if (kind === "session hijack") {
    const benign = accountDay(plant, victim, order.day);
    if (benign === undefined || !identity.sessionHijack(scene, benign)) return undefined;
  } else if (kind === "service by hand") {
    access.serviceByHand(scene, dice.pick(plant.workers.filter(isPerson)));
  } else if (kind === "dormant wake") {
    if (dice.chance(0.5)) access.dormantInside(scene);
    else identity.dormantOutside(scene);
  } else staged[kind](scene);
  return { account: victim.index, drafts: page.drafts };
}
