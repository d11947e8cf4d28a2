import type { ActionType } from "../../schemas/action.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { EntityRef } from "../../schemas/entity.ts";
import type { RespondParams, TriageResponder } from "../runtime/config.ts";
import { contains, type Executor, type Guard } from "./guard.ts";

/**
 * The same name in two systems may be two people. An action crosses from one identity system to
 * another only where the configuration links the accounts.
 */
export const identityLink: Guard = {
  name: "identity-link",
  check({ type, target, decisive, able, executor }) {
    if (!contains(type) || able.length === 0 || executor !== undefined) return undefined;
    const systems = able.map(({ name }) => name).join(", ");
    const datasets = decisive["evidence.datasets"].join(", ") || "unknown dataset";
    return `No link says which account ${target.id} (seen in ${datasets}) is in ${systems}.`;
  },
};

export const ableTo = (
  responders: readonly TriageResponder[],
  type: ActionType,
): readonly TriageResponder[] => responders.filter(({ actions }) => actions.includes(type));

/** First responder that knows the target: by a link, or because the evidence is its own. */
export function executorOf(
  able: readonly TriageResponder[],
  params: RespondParams,
  of: { readonly type: ActionType; readonly target: EntityRef; readonly decisive: Anomaly },
): Executor | undefined {
  const { target, decisive } = of;
  const datasets = decisive["evidence.datasets"];
  for (const { name, native_datasets } of able) {
    const link = params.links.find(
      ({ responder, user }) => responder === name && user.toLowerCase() === target.id.toLowerCase(),
    );
    if (link !== undefined) return { responder: name, account: link.account };
    const native =
      datasets.length > 0 && datasets.every((dataset) => native_datasets.includes(dataset));
    if (native || !contains(of.type)) return { responder: name, account: target.id };
  }
  return undefined;
}
