import { type Static, Type } from "typebox";
import type { Action } from "../schemas/action.ts";
import { isAccountName } from "./account-name.ts";
import { attempt, createHttpTarget, type HttpTarget, look } from "./http-target.ts";
import type { Outcome, Plan, Responder, ResponderContext, TargetState } from "./responder.ts";
import { createScimClient, type Resource, type ScimClient } from "./scim-client.ts";
import { readSecret, secretFile, secretText } from "./secret.ts";

export const ScimParams = Type.Object(
  {
    base_url: Type.String({
      description: "Base URL of the SCIM 2.0 service, such as https://id.example.com/scim/v2.",
      pattern: "^https?://[^\\s?#@]+$",
    }),
    token: secretText("Bearer token."),
    token_file: secretFile("File with the bearer token, instead of `token`."),
    user_filter: Type.Optional(
      Type.String({
        description: "User attribute that holds the account name; default userName.",
        pattern: "^[A-Za-z][A-Za-z0-9_-]*(?:\\.[A-Za-z][A-Za-z0-9_-]*)?$",
      }),
    ),
    device_filter: Type.Optional(
      Type.String({
        description: "Device attribute that holds the device id; default externalId.",
        pattern: "^[A-Za-z][A-Za-z0-9_-]*(?:\\.[A-Za-z][A-Za-z0-9_-]*)?$",
      }),
    ),
  },
  { additionalProperties: false },
);
export type ScimParams = Static<typeof ScimParams>;

type Context = ResponderContext<ScimParams>;

/**
 * SCIM 2.0 (RFC 7643, RFC 7644): `active: false` for a user or device, and where the service lists
 * a `Session` resource, an end to the user's sessions.
 */
export function createScim(target: HttpTarget = createHttpTarget()): Responder<ScimParams> {
  const client = async (context: Context): Promise<ScimClient> => {
    const { base_url, token, token_file } = context.params;
    const secret = await readSecret("token", token, token_file);
    return createScimClient(target, { baseUrl: base_url, token: secret, signal: context.signal });
  };
  return {
    name: "scim",
    title: "SCIM 2.0",
    effect: "contain",
    needs:
      "A bearer token that may read and patch Users, and, where the service has them, read and delete Sessions and read and patch Devices.",
    params: ScimParams,
    actions: ["lock_account", "revoke_sessions", "block_device"],
    verification: "read_back",
    plan: planFor,
    observe: (plan, context) =>
      look(async () => {
        const matches = await find(await client(context), plan, context.params);
        const only = matches[0];
        if (only === undefined) return { status: "missing", reason: `no ${nounOf(plan)}` };
        if (matches.length > 1) return { status: "missing", reason: `several: ${nounOf(plan)}` };
        return { status: "found", state: { id: only.id, active: only.active } };
      }),
    apply: (plan, action, context) =>
      attempt(async () => applyPlan(await client(context), plan, action, context.params)),
    verify: (plan, wanted, prior, context) =>
      attempt(async () => {
        const scim = await client(context);
        const resource = await resourceOf(scim, plan, prior, context.params);
        return wanted === "applied"
          ? verifyApplied(scim, plan, resource)
          : verifyUndone(plan, prior, resource);
      }),
    undo: (plan, prior, context) =>
      attempt(async () => {
        if (plan.type === "revoke_sessions") return done("ended sessions stay ended");
        const active = prior["active"];
        if (typeof active !== "boolean") return failed("the state before is not known");
        const scim = await client(context);
        const resource = await resourceOf(scim, plan, prior, context.params);
        if (resource === undefined) return done(`${nounOf(plan)} is gone: nothing to restore`);
        if (resource.active !== active) await scim.setActive(kindOf(plan), resource.id, active);
        return done(`${nounOf(plan)} active: ${active} as before`);
      }),
  };
}

const done = (receipt: string): Outcome => ({ status: "done", receipt });
const failed = (reason: string): Outcome => ({ status: "failed", reason });

const kindOf = (plan: Plan): "User" | "Device" =>
  plan.type === "block_device" ? "Device" : "User";
const nounOf = (plan: Plan): string =>
  `${plan.type === "block_device" ? "device" : "account"} ${plan.account}`;

function planFor(action: Action): Plan | undefined {
  const type = action["action.type"];
  const account = action["target.account"] ?? action["target.id"];
  const kind = action["target.type"];
  if (!isAccountName(account)) return undefined;
  if (type === "block_device" && (kind === "device" || kind === "host")) {
    return { type, account, summary: `Set device ${account} to inactive.` };
  }
  if (kind !== "user" && kind !== "service") return undefined;
  if (type === "lock_account") {
    return { type, account, summary: `Set account ${account} to inactive and end its sessions.` };
  }
  if (type !== "revoke_sessions") return undefined;
  return { type, account, summary: `End all sessions of account ${account}.` };
}

const find = (scim: ScimClient, plan: Plan, params: ScimParams): Promise<readonly Resource[]> =>
  kindOf(plan) === "Device"
    ? scim.find("Device", params.device_filter ?? "externalId", plan.account)
    : scim.find("User", params.user_filter ?? "userName", plan.account);

/** By the id seen before the first attempt: a name may have moved to another account since. */
async function resourceOf(
  scim: ScimClient,
  plan: Plan,
  prior: TargetState,
  params: ScimParams,
): Promise<Resource | undefined> {
  const id = prior["id"];
  if (typeof id === "string") return scim.get(kindOf(plan), id);
  const matches = await find(scim, plan, params);
  return matches.length === 1 ? matches[0] : undefined;
}

async function applyPlan(
  scim: ScimClient,
  plan: Plan,
  action: Action,
  params: ScimParams,
): Promise<Outcome> {
  const matches = await find(scim, plan, params);
  const resource = matches[0];
  if (resource === undefined || matches.length > 1) {
    return failed(`${matches.length} matches for ${nounOf(plan)}`);
  }
  const before = action["action.prior_state"]?.["id"];
  if (typeof before === "string" && before !== resource.id) {
    return failed(`${nounOf(plan)} is not the one that was looked at`);
  }
  if (plan.type !== "revoke_sessions" && resource.active) {
    await scim.setActive(kindOf(plan), resource.id, false);
  }
  if (plan.type === "block_device") return done(`device ${plan.account} set to inactive`);
  const ended = await scim.endSessions(resource.id);
  if (ended === undefined) {
    return plan.type === "lock_account"
      ? done(`account ${plan.account} set to inactive; the service lists no sessions`)
      : failed("the service has no Session resource");
  }
  const sessions = `${ended} session${ended === 1 ? "" : "s"} ended`;
  return done(
    plan.type === "lock_account"
      ? `account ${plan.account} set to inactive, ${sessions}`
      : sessions,
  );
}

async function verifyApplied(
  scim: ScimClient,
  plan: Plan,
  resource: Resource | undefined,
): Promise<Outcome> {
  if (resource === undefined) return failed(`${nounOf(plan)} is gone`);
  if (plan.type !== "revoke_sessions" && resource.active) {
    return { status: "retry", reason: `${nounOf(plan)} is still active` };
  }
  if (plan.type === "block_device") return done(`${nounOf(plan)} read back: inactive`);
  const left = (await scim.sessionsOf(resource.id))?.length;
  if (left !== undefined && left > 0) {
    return { status: "retry", reason: `${left} sessions of ${nounOf(plan)} remain` };
  }
  const sessions = left === undefined ? "sessions not listed" : "no sessions";
  return done(
    `${nounOf(plan)} read back: ${plan.type === "lock_account" ? "inactive, " : ""}${sessions}`,
  );
}

function verifyUndone(plan: Plan, prior: TargetState, resource: Resource | undefined): Outcome {
  if (plan.type === "revoke_sessions") return done("ended sessions stay ended");
  if (resource === undefined) return done(`${nounOf(plan)} is gone: nothing to restore`);
  const active = prior["active"];
  return resource.active === active
    ? done(`${nounOf(plan)} read back: active ${resource.active} as before`)
    : { status: "retry", reason: `${nounOf(plan)} is active: ${resource.active}, not as before` };
}
