import { attacks, merge } from "../attacks.ts";
import { DAY, organisation } from "../organisation.ts";
import type { AttackKind, Label, Organisation, SimulationOptions } from "./simulation.ts";

const kinds: Record<string, AttackKind> = {
  stolenCredential: "credential theft",
  lateralMovement: "lateral movement",
  bruteForceSuccess: "brute force",
  spray: "spray with success",
  oddTools: "rare tools",
};

/** The demonstration's company as an organisation of the evaluation. */
export const company: Organisation = {
  name: "company",
  character: "small, five sites, few kinds of attack",
  simulate(options: SimulationOptions) {
    const org = organisation(options);
    const attack =
      options.attacks.length === 0
        ? { events: [], labels: [] }
        : attacks(org, {
            seed: options.seed,
            from: options.attacksFrom,
            perDay: Math.max(1, Math.round(options.attacksPerDay)),
          });
    const prefix = (id: string, index: number): boolean =>
      id.replace(/^0+/, "").startsWith(`a${index}-`);
    const labels = attack.labels.map((label, index): Label => ({
      id: `a${index}`,
      kind: kinds[label.kind] as AttackKind,
      account: label.user,
      days: [label.day],
      eventIds: attack.events.map((e) => e["event.id"]).filter((id) => prefix(id, index)),
    }));
    return {
      options,
      timezone: "UTC",
      accounts: org.people.map((person) => ({
        name: person.name,
        kind: person.service ? "robot" : "person",
        group: person.group,
        joins: Math.max(0, person.joins),
      })),
      shocks: [
        {
          day: new Date(options.start + 37 * DAY).toISOString().slice(0, 10),
          kind: "maintenance sweep",
        },
      ],
      labels,
      events: () => merge(org.events(), attack.events),
    };
  },
};
