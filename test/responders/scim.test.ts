import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type IdentityServer, startIdentityServer } from "../../app/demo/identity-server.ts";
import { createHttpTarget } from "../../responders/http-target.ts";
import { createScim } from "../../responders/scim.ts";
import { actionOf } from "./action-fixture.ts";
import { responderContract } from "./harness.ts";

const TOKEN = "scim-token-0123456789abcdef";

responderContract("scim", {
  create: (timeoutMs) => createScim(createHttpTarget({ timeoutMs })),
  account: "ann",
  params: (origin) => ({ base_url: `${origin}/scim/v2`, token: TOKEN }),
  secrets: () => [TOKEN, TOKEN.slice(0, 12)],
  async startBackend() {
    // The account and a device share a name, so that one contract run serves both.
    const server = await startIdentityServer({
      token: TOKEN,
      users: [
        { userName: "Ann", devices: ["ann"] },
        { userName: "bob", devices: ["bob"] },
      ],
    });
    server.login("ann");
    return {
      origin: new URL(server.url).origin,
      stop: () => server.stop(),
      isApplied(type) {
        if (type === "block_device") return server.deviceActive("ann") === false;
        const ended = server.sessionsOf("ann").length === 0;
        return type === "revoke_sessions" ? ended : ended && server.userActive("ann") === false;
      },
      setApplied(type) {
        if (type === "block_device") return server.setDeviceActive("ann", false);
        if (type === "lock_account") server.setUserActive("ann", false);
        server.endSessions("ann");
      },
      remove() {
        server.removeUser("ann");
        server.removeDevice("ann");
      },
      double() {
        server.addUser({ userName: "ANN" });
        server.addDevice("ann");
      },
    };
  },
});

describe("scim", () => {
  let server: IdentityServer;
  const context = () => ({
    params: { base_url: `${server.url}/`, token: server.token },
    signal: new AbortController().signal,
  });
  beforeEach(async () => {
    server = await startIdentityServer({ users: [{ userName: "ann" }, { userName: "bob" }] });
  });
  afterEach(() => server.stop());

  it("ends the sessions of the account alone", async () => {
    const scim = createScim();
    const ann = server.login("ann", { device: "laptop-1" });
    const bob = server.login("bob");
    if (!ann.ok || !bob.ok) throw new Error("no session");
    const action = actionOf("lock_account", "ann");
    const plan = scim.plan(action, context().params);
    if (plan === undefined) throw new Error("no plan");
    expect(await scim.apply(plan, action, context())).toEqual({
      status: "done",
      receipt: "account ann set to inactive, 1 session ended",
    });
    expect(server.sessionActive(ann.session)).toBe(false);
    expect(server.sessionActive(bob.session)).toBe(true);
    expect(server.login("ann")).toEqual({ ok: false, reason: "account_disabled" });
    expect(server.login("bob")).toMatchObject({ ok: true });
  });

  it("quotes a name that is made to be part of a filter", async () => {
    const scim = createScim();
    const name = 'x" or userName eq "bob';
    const plan = { type: "lock_account", account: name, summary: "" } as const;
    expect(await scim.observe(plan, context())).toEqual({
      status: "missing",
      reason: `no account ${name}`,
    });
  });

  it("says what is wrong with the credentials, and looks again", async () => {
    const scim = createScim();
    const plan = { type: "lock_account", account: "ann", summary: "" } as const;
    const wrong = { ...context(), params: { base_url: server.url, token: "wrong-token-123" } };
    expect(await scim.observe(plan, wrong)).toMatchObject({
      status: "retry",
      reason: expect.stringContaining("401: The bearer token is missing or wrong."),
    });
    const without = { ...context(), params: { base_url: server.url } };
    expect(await scim.observe(plan, without)).toEqual({
      status: "retry",
      reason: "neither token nor token_file is set",
    });
    const noFile = { ...context(), params: { base_url: server.url, token_file: "/nowhere/t" } };
    expect(await scim.observe(plan, noFile)).toEqual({
      status: "retry",
      reason: "token_file /nowhere/t cannot be read (ENOENT)",
    });
    expect(server.userActive("ann")).toBe(true);
  });
});
