import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHttpTarget } from "../../responders/http-target.ts";
import { createKeycloak } from "../../responders/keycloak.ts";
import { actionOf } from "./action-fixture.ts";
import {
  FAKE_SECRET,
  type FakeKeycloak,
  type FakeUser,
  startFakeKeycloak,
} from "./fake-keycloak.ts";
import { responderContract } from "./harness.ts";

const ann = (): FakeUser => ({
  id: "id-ann",
  username: "ann",
  enabled: true,
  attributes: { team: ["blue"] },
  sessions: ["s1", "s2"],
  offline: ["o1", "o2"],
});

const paramsOf = (origin: string) => ({
  base_url: origin,
  realm: "m",
  client_id: "metsuke",
  client_secret: FAKE_SECRET,
});

responderContract("keycloak", {
  create: (timeoutMs) => createKeycloak(createHttpTarget({ timeoutMs })),
  account: "Ann",
  params: paramsOf,
  secrets: () => [FAKE_SECRET, "issued-token-"],
  async startBackend() {
    const server = await startFakeKeycloak([ann(), { ...ann(), id: "id-bob", username: "bob" }]);
    const user = () => server.users.get("id-ann");
    return {
      origin: server.origin,
      stop: () => server.stop(),
      isApplied(type) {
        const ended = user()?.sessions.length === 0 && user()?.offline.length === 0;
        return type === "revoke_sessions" ? ended : ended && user()?.enabled === false;
      },
      setApplied(type) {
        Object.assign(user() ?? {}, {
          sessions: [],
          offline: [],
          enabled: type !== "lock_account",
        });
      },
      remove: () => void server.users.delete("id-ann"),
      double: () => void server.users.set("id-2", { ...ann(), id: "id-2" }),
    };
  },
});

describe("keycloak", () => {
  let server: FakeKeycloak;
  let folder: string;
  const action = actionOf("lock_account", "ann");
  const plan = { type: "lock_account", account: "ann", summary: "" } as const;
  const context = (more: object = {}) => ({
    params: { ...paramsOf(server.origin), ...more },
    signal: new AbortController().signal,
  });
  beforeEach(async () => {
    server = await startFakeKeycloak([ann(), { ...ann(), id: "id-bob", username: "bob" }]);
    folder = await mkdtemp(join(tmpdir(), "metsuke-keycloak-"));
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it("sends the whole representation back and touches nobody else", async () => {
    const keycloak = createKeycloak();
    expect(await keycloak.apply(plan, action, context())).toMatchObject({ status: "done" });
    expect(server.users.get("id-ann")).toEqual({
      ...ann(),
      enabled: false,
      sessions: [],
      offline: [],
    });
    expect(server.users.get("id-bob")).toEqual({ ...ann(), id: "id-bob", username: "bob" });
  });

  it("uses one token until its end nears, and a new one when it is refused", async () => {
    let now = 1_000_000;
    const keycloak = createKeycloak(createHttpTarget(), () => now);
    await keycloak.observe(plan, context());
    await keycloak.observe(plan, context());
    expect(server.tokensIssued()).toBe(1);
    now += 50_000;
    await keycloak.observe(plan, context());
    expect(server.tokensIssued()).toBe(2);
    server.revokeTokens();
    expect(await keycloak.observe(plan, context())).toEqual({
      status: "found",
      state: { id: "id-ann", enabled: true },
    });
    expect(server.tokensIssued()).toBe(3);
  });

  it("reads its secret from a file at each use", async () => {
    const file = join(folder, "secret");
    const { client_secret: _none, ...params } = paramsOf(server.origin);
    const fromFile = { params: { ...params, client_secret_file: file }, signal: context().signal };
    await writeFile(file, "an-old-secret-000\n");
    const keycloak = createKeycloak();
    const refused = await keycloak.apply(plan, action, fromFile);
    expect(refused).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("401: Invalid client"),
    });
    await writeFile(file, `${FAKE_SECRET}\n`);
    expect(await keycloak.apply(plan, action, fromFile)).toMatchObject({ status: "done" });
  });

  it("says which secret is missing", async () => {
    const { client_secret: _none, ...params } = paramsOf(server.origin);
    const outcome = await createKeycloak().observe(plan, { ...context(), params });
    expect(outcome).toEqual({
      status: "retry",
      reason: "neither client_secret nor client_secret_file is set",
    });
  });

  it("does not count a lock as done while an offline session remains", async () => {
    const keycloak = createKeycloak();
    const prior = { id: "id-ann", enabled: true };
    await keycloak.apply(plan, action, context());
    server.users.get("id-ann")?.offline.push("o3");
    expect(await keycloak.verify(plan, "applied", prior, context())).toEqual({
      status: "retry",
      reason: "account ann has 0 sessions and 1 offline sessions left",
    });
  });
});
