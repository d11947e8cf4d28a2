import { Webhook } from "standardwebhooks";
import { type Static, Type } from "typebox";
import { Agent } from "undici";
import type { Action } from "../schemas/action.ts";
import { attempt, createHttpTarget, TargetError, TIMEOUT_MS } from "./http-target.ts";
import type { Outcome, Plan, Responder, ResponderContext } from "./responder.ts";
import { readSecret, secretFile, secretText } from "./secret.ts";
import { checkTarget, type HostAddress, type Lookup, resolveAll } from "./ssrf-guard.ts";

export const WebhookParams = Type.Object(
  {
    url: Type.String({
      description: "Where notices are posted; its path is kept as a secret.",
      pattern: "^https?://\\S+$",
      secret: true,
    }),
    secret: secretText("Signing key of Standard Webhooks, `whsec_` and base64.", {
      pattern: "^whsec_[A-Za-z0-9+/]+={0,2}$",
    }),
    secret_file: secretFile("File with the signing key, instead of `secret`."),
    allow_hosts: Type.Optional(
      Type.Array(Type.String(), { description: "When not empty, the only hosts posted to." }),
    ),
    allow_private: Type.Optional(
      Type.Array(Type.String(), {
        description: "Hosts that may have private, loopback or link-local addresses.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type WebhookParams = Static<typeof WebhookParams>;

type Context = ResponderContext<WebhookParams>;

const MAX_ANSWER_BYTES = 65_536;

export interface WebhookOptions {
  readonly lookup?: Lookup;
  readonly now?: () => number;
  /** Limit of one post; default 5 000. */
  readonly timeoutMs?: number;
}

/**
 * A signed notice (Standard Webhooks) to one URL. Its id is the action's, so that a receiver can
 * drop the copy a retry makes.
 */
export function createWebhook(options: WebhookOptions = {}): Responder<WebhookParams> {
  return {
    name: "webhook",
    title: "Webhook",
    effect: "notify",
    needs: "A URL that accepts a POST, and the signing key shared with it.",
    params: WebhookParams,
    actions: ["notify"],
    verification: "acknowledged",
    plan: planFor,
    observe: async () => ({ status: "found", state: {} }),
    apply: (_plan, action, context) => attempt(() => post(action, context, options)),
    verify: async () => ({ status: "done", receipt: "the receiver acknowledged the notice" }),
    undo: async () => ({ status: "done", receipt: "a notice is not taken back" }),
  };
}

function planFor(action: Action, params: WebhookParams): Plan | undefined {
  if (action["action.type"] !== "notify" || !URL.canParse(params.url)) return undefined;
  const account = action["target.account"] ?? action["target.id"];
  const { host } = new URL(params.url);
  return { type: "notify", account, summary: `Post a notice about ${account} to ${host}.` };
}

async function post(action: Action, context: Context, options: WebhookOptions): Promise<Outcome> {
  const { params, signal } = context;
  if (!URL.canParse(params.url)) return { status: "failed", reason: "the URL is none" };
  const url = new URL(params.url);
  const checked = await untilAborted(
    checkTarget(
      url,
      { hosts: params.allow_hosts ?? [], allowPrivate: params.allow_private ?? [] },
      options.lookup ?? resolveAll,
    ),
    AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)]),
  );
  if (checked.status === "refused") return { status: "failed", reason: checked.reason };
  if (checked.status === "unresolved") return { status: "retry", reason: checked.reason };

  const secret = await readSecret("secret", params.secret, params.secret_file);
  const body = JSON.stringify(noticeOf(action));
  const sent = new Date((options.now ?? Date.now)());
  const signature = sign(secret, action["action.id"], sent, body);
  if (signature === undefined) return { status: "failed", reason: "secret is no whsec_ key" };
  const dispatcher = pinnedAgent(checked.addresses);
  try {
    const target = createHttpTarget({
      dispatcher,
      maxBytes: MAX_ANSWER_BYTES,
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      ...(options.now === undefined ? {} : { now: options.now }),
    });
    const answer = await target.send({
      method: "POST",
      url: params.url,
      headers: {
        "content-type": "application/json",
        "webhook-id": action["action.id"],
        "webhook-timestamp": String(Math.floor(sent.getTime() / 1_000)),
        "webhook-signature": signature,
      },
      body,
      signal,
      secrets: [secret, secret.replace(/^whsec_/, ""), ...privateParts(url)],
    });
    return { status: "done", receipt: `${checked.host} answered ${answer.status}` };
  } finally {
    await dispatcher.destroy();
  }
}

/** The name server's answer is waited for no longer than the attempt lasts. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () =>
      reject(
        new TargetError("the name did not resolve within the time limit", { retryable: true }),
      );
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function sign(secret: string, id: string, at: Date, body: string): string | undefined {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret)) return undefined;
  try {
    return new Webhook(secret).sign(id, at, body);
  } catch {
    // The library's message could quote the key it could not decode.
    return undefined;
  }
}

/** Many receivers' URLs are keys: whatever follows the host may not be repeated in a reason. */
const privateParts = (url: URL): readonly string[] =>
  [url.pathname + url.search, url.pathname, url.search].filter((part) => part.length > 1);

/** Connects to the judged addresses alone; TLS still checks the host's name. */
function pinnedAgent(addresses: readonly HostAddress[]): Agent {
  return new Agent({
    connect: {
      timeout: TIMEOUT_MS,
      lookup: (_host, lookupOptions, callback) => {
        const first = addresses[0];
        if (lookupOptions.all === true) callback(null, [...addresses]);
        else callback(null, first?.address ?? "", first?.family ?? 0);
      },
    },
  });
}

/** The same for every attempt of an action: only what does not change with its state. */
const noticeOf = (action: Action) => ({
  type: "metsuke.action.notify",
  timestamp: action["@timestamp"],
  data: {
    "action.id": action["action.id"],
    "organization.id": action["organization.id"],
    "target.type": action["target.type"],
    "target.id": action["target.id"],
    "incident.id": action["incident.id"],
    "anomaly.ids": action["anomaly.ids"],
    "detector.name": action["detector.name"],
    "policy.line": action["policy.line"],
    "event.ids": action["event.ids"],
    message: action.message,
  },
});
