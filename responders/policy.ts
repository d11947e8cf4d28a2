import { type Static, Type } from "typebox";
import { isNode } from "yaml";
import { problemText, readYaml } from "../platform/yaml-document.ts";
import { ActionType } from "../schemas/action.ts";
import type { Anomaly } from "../schemas/anomaly.ts";
import { EntityKind, EvidenceFamily } from "../schemas/entity.ts";

const closed = { additionalProperties: false } as const;

/** What an anomaly must be like; everything named must hold, an empty list of conditions matches all. */
const PolicyCondition = Type.Object(
  {
    detector: Type.Optional(Type.String({ description: "Name of the detector." })),
    certain: Type.Optional(Type.Boolean({ description: "Whether the detector was certain." })),
    p: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: "Greatest p-value; never matches null." }),
    ),
    entity: Type.Optional(Type.Array(EntityKind, { description: "Kinds of entity." })),
    families: Type.Optional(
      Type.Object(
        {
          any: Type.Optional(
            Type.Array(EvidenceFamily, { description: "One of these is in the incident." }),
          ),
          min: Type.Optional(
            Type.Integer({ minimum: 1, description: "So many families are in the incident." }),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const PolicyAction = Type.Object(
  {
    type: ActionType,
    lease_minutes: Type.Integer({
      minimum: 0,
      maximum: 43_200,
      default: 0,
      description: "How long the effect lasts; only notify, which has no end, does without.",
    }),
  },
  closed,
);
export type PolicyAction = Static<typeof PolicyAction>;

const PolicyLine = Type.Object(
  {
    name: Type.String({ minLength: 1, description: "Shown in every action it calls for." }),
    when: { ...PolicyCondition, default: {} },
    actions: Type.Array(PolicyAction),
  },
  closed,
);
export type PolicyLine = Static<typeof PolicyLine>;

/** Lines are tried in order; the first that matches an anomaly says what is done about it. */
export const Policy = Type.Object({ policy: Type.Array(PolicyLine) }, closed);
export type Policy = Static<typeof Policy>;

/** The policy used when none is named. */
export const defaultPolicyText = `# The first line that matches an anomaly says what is done about it.
# Guards may hold an action back; only action types listed under \`live\` are executed.
policy:
  - name: unapproved-device
    when: { detector: unapproved-device, certain: true }
    actions: [{ type: block_device, lease_minutes: 480 }]
  - name: certain-user
    when: { certain: true, entity: [user, service] }
    actions: [{ type: lock_account, lease_minutes: 60 }]
  - name: login-burst
    when: { detector: login-burst, entity: [user, service] }
    actions: [{ type: lock_account, lease_minutes: 60 }]
  - name: unlikely-day
    when: { detector: baseline, p: 0.0001, entity: [user, service] }
    actions: [{ type: lock_account, lease_minutes: 60 }]
  - name: everything-else
    actions: [{ type: notify }]
`;

export type PolicyResult =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Reads a policy; all errors at once, each \`file:line:column message\`. Never throws for bad text. */
export function parsePolicy(text: string, file: string): PolicyResult {
  const read = readYaml({ text, file }, Policy);
  if (!read.ok) return { ok: false, errors: read.problems.map(problemText) };
  const policy = read.value as Policy;
  const errors = policy.policy.flatMap((line, index) =>
    line.actions.flatMap((action, position) => {
      if (action.type === "notify" || action.lease_minutes > 0) return [];
      const node = read.document.getIn(["policy", index, "actions", position], true);
      return [`${file}:${place(text, node)} ${action.type} needs lease_minutes of at least 1`];
    }),
  );
  return errors.length > 0 ? { ok: false, errors } : { ok: true, policy };
}

function place(text: string, node: unknown): string {
  const before = text.slice(0, isNode(node) ? node.range?.[0] : 0).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** The built-in policy, parsed. */
export function defaultPolicy(): Policy {
  const read = parsePolicy(defaultPolicyText, "built-in policy");
  return read.ok ? read.policy : { policy: [] };
}

/** First line that matches, given the families that the incident has seen. */
export function matchPolicy(
  policy: Policy,
  anomaly: Anomaly,
  families: ReadonlySet<string>,
): PolicyLine | undefined {
  return policy.policy.find((line) => matches(line.when, anomaly, families));
}

function matches(
  when: PolicyLine["when"],
  anomaly: Anomaly,
  families: ReadonlySet<string>,
): boolean {
  if (when.detector !== undefined && when.detector !== anomaly["detector.name"]) return false;
  if (when.certain !== undefined && when.certain !== anomaly["anomaly.certain"]) return false;
  if (when.entity !== undefined && !when.entity.includes(anomaly["entity.type"])) return false;
  const p = anomaly["anomaly.p"];
  if (when.p !== undefined && (p === null || p > when.p)) return false;
  const { any, min } = when.families ?? {};
  if (any !== undefined && !any.some((family) => families.has(family))) return false;
  return min === undefined || families.size >= min;
}
