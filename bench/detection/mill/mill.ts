import type { Event } from "../../../schemas/event.ts";
import type { Account, Organisation, Simulation, SimulationOptions } from "../simulation.ts";
import { timezone, zoneHours } from "./calendar.ts";
import { DAY, type Draft, eventOf, inOrder } from "../stage/drafts.ts";
import { type Plan, planOf } from "../stage/plan.ts";
import { type Plant, plantOf, type Worker } from "./plant.ts";
import { rampedDay, strikeOf } from "./strike.ts";
import { accountDay } from "./workday.ts";

const accountOf = (worker: Worker): Account => ({
  name: worker.name,
  kind: worker.role === "robot" || worker.role === "scanner" ? worker.role : "person",
  group: worker.fields["user.group.name"] ?? "",
  joins: worker.joins,
});

function draftsOf(plant: Plant, plan: Plan, of: { worker: Worker; day: number }): readonly Draft[] {
  const { worker, day } = of;
  const page = accountDay(plant, worker, day);
  if (page === undefined) return [];
  const ramp = plan.ramps
    .get(worker.index)
    ?.find((one) => day >= one.from && day < one.from + one.span);
  const drafts = ramp === undefined ? page.drafts : rampedDay(plant, page, ramp).drafts;
  const silent = plan.silences.get(worker.index);
  if (silent === undefined) return drafts;
  const { start } = plant.calendar;
  return drafts.filter(
    ({ at, fields }) =>
      fields["event.dataset"] === "keycloak.event" ||
      !silent.includes(Math.floor((at - start) / DAY)),
  );
}

function* days(plant: Plant, plan: Plan) {
  for (let day = 0; day < plant.options.days; day++) {
    const drafts: Draft[] = [...(plan.drafts.get(day) ?? [])];
    for (const worker of plant.workers)
      for (const draft of draftsOf(plant, plan, { worker, day })) drafts.push(draft);
    yield { end: plant.calendar.midnight(day + 1), drafts };
  }
  // The last night shift's attackers go home with it.
  yield { end: Infinity, drafts: [...(plan.drafts.get(plant.options.days) ?? [])] };
}

function simulate(options: SimulationOptions): Simulation {
  const plant = plantOf(options);
  const plan = planOf({
    options,
    start: plant.calendar.start,
    zoneHours,
    nameOf: (account) => (plant.workers[account] as Worker).name,
    strike: (order) => strikeOf(plant, order),
  });
  return {
    options,
    timezone,
    accounts: plant.workers.map(accountOf),
    shocks: plant.calendar.shocks,
    labels: plan.labels,
    *events(): Generator<Event> {
      for (const draft of inOrder(days(plant, plan))) yield eventOf(draft);
    },
  };
}

/** A textile mill of 200 to 1 500 people: shared terminals, three shifts, many small units, many machines. */
export const mill: Organisation = {
  name: "mill",
  character:
    "three rotating shifts on shared terminals, small units, contractors, servers by ssh, machine accounts; a shutdown, a merger, an audit",
  simulate,
};
