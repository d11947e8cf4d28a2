import type { Event } from "../../../schemas/event.ts";
import type { Organisation, Simulation, SimulationOptions } from "../simulation.ts";
import { type Draft, eventOf, inOrder } from "../stage/drafts.ts";
import { type Plan, planOf } from "../stage/plan.ts";
import { memberDay } from "./member-day.ts";
import { type Agency, agencyOf, type Member, timezone, zoneHours } from "./staff.ts";
import { shown, strikeOf } from "./strikes.ts";

function* days(agency: Agency, plan: Plan) {
  for (let day = 0; day <= agency.options.days; day++) {
    const drafts: Draft[] = [...(plan.drafts.get(day) ?? [])];
    const members = day < agency.options.days ? agency.members : [];
    for (const member of members)
      for (const draft of memberDay(agency, member, day)?.drafts ?? []) drafts.push(draft);
    yield { end: agency.midnight(day + 1), drafts };
  }
}

function simulate(options: SimulationOptions): Simulation {
  const agency = agencyOf(options);
  const plan = planOf({
    options: { ...options, attacks: shown.filter((kind) => options.attacks.includes(kind)) },
    start: agency.start,
    zoneHours,
    nameOf: (account) => (agency.members[account] as Member).name,
    strike: (order) => strikeOf(agency, order),
  });
  return {
    options,
    timezone,
    accounts: agency.members.map(({ name, team, joins }) => ({
      name,
      kind: "person",
      group: team,
      joins,
    })),
    shocks: agency.shocks,
    labels: plan.labels,
    *events(): Generator<Event> {
      for (const draft of inOrder(days(agency, plan))) yield eventOf(draft);
    },
  };
}

/** An agency of which only sign-ins and endpoints' logons are known, for two weeks. */
export const portal: Organisation = {
  name: "portal",
  character:
    "sign-ins, logons and plugged-in devices only, ten to sixteen days of them; own machines, borrowed machines, a help desk",
  simulate,
};
