import type { Event } from "../../../schemas/event.ts";
import type { Organisation, Simulation, SimulationOptions } from "../simulation.ts";
import { type AttackPlan, planAttacks } from "./attack-plan.ts";
import { sites } from "./estate.ts";
import { personDay } from "./person-day.ts";
import type { Draft } from "./records.ts";
import { robotDay } from "./robots.ts";
import { accountsOf, type World, worldOf } from "./world.ts";
import { TIMEZONE } from "./zone.ts";

/** What the people's and robots' day leaves, as attackers change it. A night shift ends a day later. */
function draftsOf(world: World, plan: AttackPlan, day: number): Draft[] {
  const out: Draft[] = [];
  for (const person of world.people) {
    let drafts = personDay(world, person, day);
    for (const tampering of plan.tamperings.get(person.name) ?? []) {
      if (day >= tampering.from && day <= tampering.to) drafts = tampering.change(drafts, day);
    }
    for (const draft of drafts) out.push(draft);
  }
  for (const robot of world.robots) {
    for (const draft of robotDay(world, robot, day)) out.push(draft);
  }
  return out;
}

/** Day by day: what begins before the next day does anywhere is complete and goes out in order. */
function* eventsOf(world: World, plan: AttackPlan): Generator<Event> {
  const { days, start } = world.options;
  const { calendar } = world;
  const end = calendar.midnight(TIMEZONE, days);
  let pending: Draft[] = [];
  let added = 0;
  for (let day = -1; day < days; day++) {
    const complete = Math.min(...sites.map(({ zone }) => calendar.midnight(zone, day + 1)));
    const limit = day === days - 1 ? end : Math.min(end, complete);
    for (const draft of draftsOf(world, plan, day)) pending.push(draft);
    for (; added < plan.drafts.length && plan.drafts[added]!.at < limit; added++)
      pending.push(plan.drafts[added]!);
    pending.sort((a, b) => a.at - b.at);
    const rest: Draft[] = [];
    for (const draft of pending) {
      if (draft.at >= limit) rest.push(draft);
      else if (draft.at >= start) yield draft.event;
    }
    pending = rest;
  }
}

function simulate(options: SimulationOptions): Simulation {
  const world = worldOf(options);
  const plan = planAttacks(world);
  return {
    options,
    timezone: TIMEZONE,
    accounts: accountsOf(world),
    shocks: world.happenings.shocks,
    labels: plan.labels,
    events: () => eventsOf(world, plan),
  };
}

/** A synthetic port operator. Figures from it are synthetic. */
export const harbour: Organisation = {
  name: "harbour",
  character:
    "A port operator on three continents: shifts and shared machines at the quay, crews that roam, developers who try things.",
  simulate,
};
