import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWebhook } from "../../responders/webhook.ts";
import { actionOf } from "./action-fixture.ts";
import { responderContract } from "./harness.ts";

const SECRET = `whsec_${Buffer.from("a key of thirty-two bytes, or so").toString("base64")}`;

interface Receiver {
  readonly origin: string;
  readonly notices: { headers: IncomingHttpHeaders; body: string }[];
  answer: string;
  stop(): Promise<void>;
}

async function startReceiver(): Promise<Receiver> {
  const notices: Receiver["notices"] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      notices.push({ headers: request.headers, body });
      response.end(receiver.answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: Receiver = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    notices,
    answer: "ok",
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

responderContract("webhook", {
  create: (timeoutMs) => createWebhook({ timeoutMs }),
  account: "ann",
  params: (origin) => ({
    url: `${origin}/hooks/T0PS3CR3T-path?key=in-the-query`,
    secret: SECRET,
    allow_private: ["127.0.0.1"],
  }),
  secrets: () => [SECRET, SECRET.slice(6), "T0PS3CR3T", "in-the-query"],
  async startBackend() {
    const receiver = await startReceiver();
    return {
      origin: receiver.origin,
      isApplied: () => receiver.notices.length > 0,
      stop: () => receiver.stop(),
    };
  },
});

describe("webhook", () => {
  let receiver: Receiver;
  const action = actionOf("notify", "ann");
  const plan = { type: "notify", account: "ann", summary: "" } as const;
  const context = (more: object = {}) => ({
    params: {
      url: `${receiver.origin}/hook`,
      secret: SECRET,
      allow_private: ["127.0.0.1"],
      ...more,
    },
    signal: new AbortController().signal,
  });
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver.stop());

  it("signs so that the receiver's library accepts it, with the action's id", async () => {
    await createWebhook().apply(plan, action, context());
    const { headers, body } = receiver.notices[0] ?? { headers: {}, body: "" };
    expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toMatchObject({
      type: "metsuke.action.notify",
      timestamp: action["@timestamp"],
      data: { "action.id": action["action.id"], "target.id": "ann" },
    });
    expect(headers["webhook-id"]).toBe(action["action.id"]);
    const other = new Webhook(`whsec_${Buffer.from("another key").toString("base64")}`);
    expect(() => other.verify(body, headers as Record<string, string>)).toThrow("signature");
  });

  it("repeats id and body in the next attempt, with a new timestamp", async () => {
    const first = createWebhook({ now: () => Date.parse("2026-11-24T08:00:00Z") });
    const second = createWebhook({ now: () => Date.parse("2026-11-24T08:01:00Z") });
    await first.apply(plan, action, context());
    const later = {
      ...action,
      "action.attempt": 2,
      "action.revision": 9,
      "updated.at": "2026-11-24T08:01:00.000Z",
    };
    await second.apply(plan, later, context());
    const [a, b] = receiver.notices;
    expect(b?.body).toBe(a?.body);
    expect(b?.headers["webhook-id"]).toBe(a?.headers["webhook-id"]);
    expect(Number(b?.headers["webhook-timestamp"]) - Number(a?.headers["webhook-timestamp"])).toBe(
      60,
    );
  });

  it("does not connect to a private address that is not listed", async () => {
    const outcome = await createWebhook().apply(plan, action, context({ allow_private: [] }));
    expect(outcome).toEqual({ status: "failed", reason: "host 127.0.0.1 has a loopback address" });
    expect(receiver.notices).toEqual([]);
  });

  it("connects to the address it judged: the name is looked up once", async () => {
    let asked = 0;
    const lookup = async () => {
      asked += 1;
      return [{ address: asked === 1 ? "127.0.0.1" : "127.0.0.9", family: 4 }];
    };
    const { port } = new URL(receiver.origin);
    const outcome = await createWebhook({ lookup }).apply(
      plan,
      action,
      context({ url: `http://hooks.test:${port}/x`, allow_private: ["hooks.test"] }),
    );
    expect(outcome).toEqual({ status: "done", receipt: "hooks.test answered 200" });
    expect(asked).toBe(1);
    expect(receiver.notices[0]?.headers.host).toBe(`hooks.test:${port}`);
  });

  it("waits for a name no longer than the limit", async () => {
    const never = () => new Promise<never>(() => undefined);
    const outcome = await createWebhook({ lookup: never, timeoutMs: 50 }).apply(
      plan,
      action,
      context({ url: "https://hooks.test/x" }),
    );
    expect(outcome).toEqual({
      status: "retry",
      reason: "the name did not resolve within the time limit",
    });
  });

  it("refuses an answer above 64 KB", async () => {
    receiver.answer = "x".repeat(65_537);
    expect(await createWebhook().apply(plan, action, context())).toMatchObject({
      status: "failed",
      reason: "the answer is longer than 65536 bytes",
    });
    receiver.answer = "x".repeat(65_536);
    expect(await createWebhook().apply(plan, action, context())).toMatchObject({ status: "done" });
  });

  it("does not name a key it cannot use", async () => {
    const outcome = await createWebhook().apply(plan, action, context({ secret: "whsec_%%%" }));
    expect(outcome).toEqual({ status: "failed", reason: "secret is no whsec_ key" });
  });
});
