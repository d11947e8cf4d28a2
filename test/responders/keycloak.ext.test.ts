import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeycloak, type KeycloakParams } from "../../responders/keycloak.ts";
import { type Keycloak, startKeycloak } from "../services/keycloak.ts";
import type { RealmAccess } from "../services/keycloak-admin.ts";
import { actionOf } from "./action-fixture.ts";

describe("keycloak: the real one", () => {
  let server: Keycloak;
  let access: RealmAccess;
  const realm = `m${process.pid}`;
  const password = "correct horse";
  const responder = createKeycloak();
  const plan = (account: string) => ({ type: "lock_account", account, summary: "" }) as const;
  const context = (more: Partial<KeycloakParams> = {}) => ({
    params: {
      base_url: server.url,
      realm,
      client_id: access.clientId,
      client_secret: access.clientSecret,
      ...more,
    },
    signal: new AbortController().signal,
  });

  beforeAll(async () => {
    server = await startKeycloak();
    access = await server.createRealm(realm);
  });
  afterAll(() => server?.stop());

  const grant = (username: string, scope?: string) =>
    server.passwordGrant(realm, { username, password, ...(scope === undefined ? {} : { scope }) });
  const priorOf = async (account: string) => {
    const seen = await responder.observe(plan(account), context());
    if (seen.status !== "found") throw new Error(JSON.stringify(seen));
    return seen.state;
  };

  it("locks so that nothing works, and after the undo old tokens stay dead", async () => {
    const id = await server.createUser(realm, { username: "ann", password });
    await server.setUser(realm, id, { attributes: { locale: ["de"] }, notBefore: 1 });
    const before = await server.getUser(realm, id);
    const online = await grant("ann");
    const offline = await grant("ann", "openid offline_access");
    expect(online.status).toBe(200);
    expect(offline.status).toBe(200);
    expect(await server.userinfo(realm, online.accessToken)).toBe(200);

    const action = actionOf("lock_account", "Ann");
    const prior = await priorOf("Ann");
    expect(prior).toEqual({ id, enabled: true });
    expect(await responder.verify(plan("ann"), "applied", prior, context())).toMatchObject({
      status: "retry",
    });
    const started = performance.now();
    expect(await responder.apply(plan("Ann"), action, context())).toMatchObject({ status: "done" });
    const applied = performance.now();
    expect(await responder.verify(plan("Ann"), "applied", prior, context())).toMatchObject({
      status: "done",
    });
    const verified = performance.now();
    process.stdout.write(
      `keycloak lock ${Math.round(applied - started)} ms, read back ${Math.round(verified - applied)} ms\n`,
    );

    expect(await grant("ann")).toMatchObject({ status: 400, error: "Account disabled" });
    for (const token of [online.refreshToken, offline.refreshToken]) {
      expect((await server.refresh(realm, token)).status).toBe(400);
    }
    expect(await server.userinfo(realm, online.accessToken)).toBe(401);
    expect(await server.userinfo(realm, offline.accessToken)).toBe(401);

    for (let time = 0; time < 2; time += 1) {
      expect(await responder.undo(plan("Ann"), prior, context())).toMatchObject({ status: "done" });
    }
    expect(await responder.verify(plan("Ann"), "undone", prior, context())).toMatchObject({
      status: "done",
    });
    for (const token of [online.refreshToken, offline.refreshToken]) {
      expect((await server.refresh(realm, token)).status).toBe(400);
    }
    expect(await server.userinfo(realm, online.accessToken)).toBe(401);
    expect((await grant("ann")).status).toBe(200);
    const { notBefore: _moved, ...after } = (await server.getUser(realm, id)) ?? {};
    const { notBefore: _was, ...was } = before ?? {};
    expect(after).toEqual(was);
  });

  it("leaves an account disabled that was so before", async () => {
    const id = await server.createUser(realm, { username: "bob", password });
    await server.setUser(realm, id, { enabled: false });
    const prior = await priorOf("bob");
    const action = actionOf("lock_account", "bob");
    expect(await responder.apply(plan("bob"), action, context())).toMatchObject({ status: "done" });
    expect(await responder.undo(plan("bob"), prior, context())).toMatchObject({ status: "done" });
    expect(await server.getUser(realm, id)).toMatchObject({ enabled: false });
  });

  it("ends sessions without a lock", async () => {
    await server.createUser(realm, { username: "carl", password });
    const offline = await grant("carl", "openid offline_access");
    const online = await grant("carl");
    const revoke = { type: "revoke_sessions", account: "carl", summary: "" } as const;
    const prior = await priorOf("carl");
    const action = actionOf("revoke_sessions", "carl");
    expect(await responder.apply(revoke, action, context())).toMatchObject({ status: "done" });
    expect(await responder.verify(revoke, "applied", prior, context())).toMatchObject({
      status: "done",
    });
    for (const token of [online.refreshToken, offline.refreshToken]) {
      expect((await server.refresh(realm, token)).status).toBe(400);
    }
    expect((await grant("carl")).status).toBe(200);
  });

  it("does not mistake a part of a name for it, and sees that an account is gone", async () => {
    const id = await server.createUser(realm, { username: "dora-long", password });
    expect(await responder.observe(plan("dora"), context())).toMatchObject({ status: "missing" });
    expect(await responder.observe(plan("*"), context())).toMatchObject({ status: "missing" });
    const prior = await priorOf("dora-long");
    await server.removeUser(realm, id);
    const action = actionOf("lock_account", "dora-long");
    expect(await responder.apply(plan("dora-long"), action, context())).toMatchObject({
      status: "failed",
    });
    expect(await responder.undo(plan("dora-long"), prior, context())).toMatchObject({
      status: "done",
    });
  });

  it("works with an administrator's name too, and says what a wrong secret gets", async () => {
    await server.createUser(realm, { username: "emil", password });
    const byName = {
      params: {
        base_url: server.url,
        realm,
        username: server.adminUser,
        password: server.adminPassword,
      },
      signal: new AbortController().signal,
    };
    expect(await responder.observe(plan("emil"), byName)).toMatchObject({ status: "found" });
    const action = actionOf("lock_account", "emil");
    const wrong = context({ client_secret: "not-the-secret" });
    const refused = await responder.apply(plan("emil"), action, wrong);
    expect(refused).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("Invalid client or Invalid client credentials"),
    });
    expect((await grant("emil")).status).toBe(200);
  });
});
