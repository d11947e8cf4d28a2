import { type Static, Type } from "typebox";
import type { Action } from "../schemas/action.ts";
import { isAccountName } from "./account-name.ts";
import { attempt, createHttpTarget, type HttpTarget, look } from "./http-target.ts";
import {
  createKeycloakClient,
  createTokenCache,
  type KeycloakClient,
  type KeycloakUser,
} from "./keycloak-client.ts";
import type { Outcome, Plan, Responder, ResponderContext, TargetState } from "./responder.ts";
import { secretFile, secretText } from "./secret.ts";

const name = (description: string) =>
  Type.String({ description, pattern: "^[^\\s/?#]+$", maxLength: 255 });

export const KeycloakParams = Type.Object(
  {
    base_url: Type.String({
      description: "Base URL of Keycloak, such as https://sso.example.com.",
      pattern: "^https?://[^\\s?#@]+$",
    }),
    realm: name("Realm whose users are acted upon."),
    auth_realm: Type.Optional(
      name("Realm that issues the token; default `realm`, and `master` with a user name."),
    ),
    client_id: Type.Optional(
      name("Client that asks for the token; default admin-cli, with a user name only."),
    ),
    client_secret: secretText("Secret of the client (client credentials grant)."),
    client_secret_file: secretFile("File with the client's secret, instead of `client_secret`."),
    username: Type.Optional(
      Type.String({
        description: "Administrator (password grant), where there is no client secret.",
        minLength: 1,
      }),
    ),
    password: secretText("Password of the administrator."),
    password_file: secretFile("File with the administrator's password, instead of `password`."),
  },
  { additionalProperties: false },
);
export type KeycloakParams = Static<typeof KeycloakParams>;

type Context = ResponderContext<KeycloakParams>;

/**
 * Keycloak's admin REST interface. Disabling alone is no lock: after enabling again, tokens issued
 * before would work. So a lock also ends every session, and the offline sessions one by one,
 * because an offline token of the same second survives the logout.
 */
export function createKeycloak(
  target: HttpTarget = createHttpTarget(),
  now: () => number = Date.now,
): Responder<KeycloakParams> {
  const tokens = createTokenCache(target, now);
  const client = (context: Context): KeycloakClient =>
    createKeycloakClient(target, tokens, context.params, context.signal);
  return {
    name: "keycloak",
    title: "Keycloak",
    effect: "contain",
    needs:
      "A client with a service account (or an administrator) that has the roles view-users and manage-users of realm-management in the realm.",
    params: KeycloakParams,
    actions: ["lock_account", "revoke_sessions"],
    verification: "read_back",
    plan: planFor,
    observe: (plan, context) =>
      look(async () => {
        const found = await client(context).find(plan.account);
        const user = found[0];
        if (user === undefined) {
          return { status: "missing", reason: `no account ${plan.account}` };
        }
        if (found.length > 1) {
          return { status: "missing", reason: `several accounts ${plan.account}` };
        }
        return { status: "found", state: { id: user.id, enabled: user.enabled } };
      }),
    apply: (plan, action, context) => attempt(() => applyPlan(client(context), plan, action)),
    verify: (plan, wanted, prior, context) =>
      attempt(async () => {
        const keycloak = client(context);
        const user = await userOf(keycloak, plan, prior);
        return wanted === "applied"
          ? verifyApplied(keycloak, plan, user)
          : verifyUndone(plan, prior, user);
      }),
    undo: (plan, prior, context) =>
      attempt(async () => {
        if (plan.type === "revoke_sessions") return done("ended sessions stay ended");
        const enabled = prior["enabled"];
        if (typeof enabled !== "boolean") return failed("the state before is not known");
        const keycloak = client(context);
        const user = await userOf(keycloak, plan, prior);
        if (user === undefined) return done(`account ${plan.account} is gone: nothing to restore`);
        if (user.enabled !== enabled) await keycloak.setEnabled(user, enabled);
        return done(`account ${plan.account} enabled: ${enabled} as before`);
      }),
  };
}

const done = (receipt: string): Outcome => ({ status: "done", receipt });
const failed = (reason: string): Outcome => ({ status: "failed", reason });

function planFor(action: Action): Plan | undefined {
  const kind = action["target.type"];
  const account = action["target.account"] ?? action["target.id"];
  if (!isAccountName(account) || (kind !== "user" && kind !== "service")) return undefined;
  const type = action["action.type"];
  if (type === "lock_account") {
    return { type, account, summary: `Disable account ${account} and end all its sessions.` };
  }
  if (type !== "revoke_sessions") return undefined;
  return { type, account, summary: `End all sessions of account ${account}.` };
}

/** By the id seen before the first attempt: a name may have moved to another account since. */
async function userOf(
  keycloak: KeycloakClient,
  plan: Plan,
  prior: TargetState,
): Promise<KeycloakUser | undefined> {
  const id = prior["id"];
  if (typeof id === "string") return keycloak.get(id);
  const found = await keycloak.find(plan.account);
  return found.length === 1 ? found[0] : undefined;
}

async function applyPlan(keycloak: KeycloakClient, plan: Plan, action: Action): Promise<Outcome> {
  const found = await keycloak.find(plan.account);
  const user = found[0];
  if (user === undefined || found.length > 1) {
    return failed(`${found.length} accounts are named ${plan.account}`);
  }
  const before = action["action.prior_state"]?.["id"];
  if (typeof before === "string" && before !== user.id) {
    return failed(`account ${plan.account} is not the one that was looked at`);
  }
  // Disabled first: between a logout and a disable a new session could begin.
  if (plan.type === "lock_account" && user.enabled) await keycloak.setEnabled(user, false);
  await keycloak.endSessions(user.id);
  return done(
    plan.type === "lock_account"
      ? `account ${plan.account} disabled, its sessions ended`
      : `sessions of account ${plan.account} ended`,
  );
}

async function verifyApplied(
  keycloak: KeycloakClient,
  plan: Plan,
  user: KeycloakUser | undefined,
): Promise<Outcome> {
  if (user === undefined) return failed(`account ${plan.account} is gone`);
  if (plan.type === "lock_account" && user.enabled) {
    return { status: "retry", reason: `account ${plan.account} is still enabled` };
  }
  const left = await keycloak.countSessions(user.id);
  if (left.online + left.offline > 0) {
    return {
      status: "retry",
      reason: `account ${plan.account} has ${left.online} sessions and ${left.offline} offline sessions left`,
    };
  }
  const state = plan.type === "lock_account" ? "disabled, " : "";
  return done(`account ${plan.account} read back: ${state}no sessions, no offline sessions`);
}

function verifyUndone(plan: Plan, prior: TargetState, user: KeycloakUser | undefined): Outcome {
  if (plan.type === "revoke_sessions") return done("ended sessions stay ended");
  if (user === undefined) return done(`account ${plan.account} is gone: nothing to restore`);
  const enabled = prior["enabled"];
  return user.enabled === enabled
    ? done(`account ${plan.account} read back: enabled ${user.enabled} as before`)
    : {
        status: "retry",
        reason: `account ${plan.account} is enabled: ${user.enabled}, not as before`,
      };
}
