import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type IdentityServer, startIdentityServer } from "../../../app/demo/identity-server.ts";

interface ScimBody {
  readonly totalResults?: number;
  readonly patch?: unknown;
  readonly Resources?: readonly { readonly id: string; readonly name?: string }[];
}

const firstId = (body: ScimBody): string => body.Resources?.[0]?.id ?? "";

describe("identity server", () => {
  let server: IdentityServer;
  beforeEach(async () => {
    server = await startIdentityServer({
      users: [
        { userName: "ann", password: "correct horse", devices: ["laptop-1"] },
        { userName: "bob", active: false },
      ],
    });
  });
  afterEach(() => server.stop());

  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${server.url}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${server.token}`,
        "content-type": "application/scim+json",
      },
    });
    const text = await answer.text();
    return {
      status: answer.status,
      type: answer.headers.get("content-type"),
      body: text === "" ? {} : (JSON.parse(text) as ScimBody),
    };
  };
  const patch = (path: string, value: unknown) =>
    ask(path, {
      method: "PATCH",
      body: JSON.stringify({ Operations: [{ op: "Replace", path: "active", value }] }),
    });
  const deviceId = async (name: string) =>
    firstId((await ask(`/Devices?filter=${encodeURIComponent(`externalId eq "${name}"`)}`)).body);

  it("lists what it serves, in lists of SCIM", async () => {
    const types = await ask("/ResourceTypes");
    expect(types.type).toMatch(/^application\/scim\+json/);
    expect(types.body.totalResults).toBe(3);
    expect(types.body.Resources?.map((type) => type.name)).toEqual(["User", "Session", "Device"]);
    expect((await ask("/ServiceProviderConfig")).body.patch).toEqual({ supported: true });
    expect((await ask("/Schemas")).body.totalResults).toBe(3);
    expect((await ask("/Users?startIndex=2&count=1")).body).toMatchObject({
      totalResults: 2,
      startIndex: 2,
      itemsPerPage: 1,
      Resources: [{ userName: "bob", active: false }],
    });
  });

  it("refuses whoever does not show the token", async () => {
    const answer = await fetch(`${server.url}/Users`);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
      status: "401",
    });
  });

  it("answers what is wrong with an error of SCIM", async () => {
    expect(await ask("/Users/nobody")).toMatchObject({ status: 404, body: { status: "404" } });
    expect(await ask("/Groups")).toMatchObject({ status: 404, body: { status: "404" } });
    expect(await ask("/Users?filter=userName%20co%20%22a%22")).toMatchObject({ status: 400 });
    const id = firstId((await ask("/Users")).body);
    expect(await patch(`/Users/${id}`, "no")).toMatchObject({
      status: 400,
      body: { detail: "active is boolean." },
    });
    expect(await ask(`/Users/${id}`, { method: "PATCH", body: "{" })).toMatchObject({
      status: 400,
    });
  });

  it("takes a whole user by PUT", async () => {
    const id = firstId((await ask("/Users")).body);
    const body = JSON.stringify({ userName: "ann", displayName: "Ann", active: false });
    expect(await ask(`/Users/${id}`, { method: "PUT", body })).toMatchObject({
      status: 200,
      body: { id, displayName: "Ann", active: false },
    });
    expect(server.userActive("ann")).toBe(false);
  });

  it("lets people in and keeps out the wrong, the disabled and the blocked", async () => {
    expect(server.login("ANN", { password: "correct horse" })).toMatchObject({ ok: true });
    expect(server.login("ann", { password: "guess" })).toEqual({
      ok: false,
      reason: "wrong_password",
    });
    expect(server.login("bob")).toEqual({ ok: false, reason: "account_disabled" });
    expect(server.login("eve")).toEqual({ ok: false, reason: "unknown_user" });
    await patch(`/Devices/${await deviceId("laptop-1")}`, false);
    expect(server.login("ann", { password: "correct horse", device: "laptop-1" })).toEqual({
      ok: false,
      reason: "device_blocked",
    });
  });

  it("ends the sessions on a device that is blocked, and no others", async () => {
    const on = (device: string) => server.login("ann", { password: "correct horse", device });
    const [one, two] = [on("laptop-1"), on("laptop-2")];
    if (!one.ok || !two.ok) throw new Error("no session");
    await patch(`/Devices/${await deviceId("laptop-1")}`, false);
    expect(server.sessionActive(one.session)).toBe(false);
    expect(server.sessionActive(two.session)).toBe(true);
    expect(server.deviceActive("laptop-1")).toBe(false);
    expect(server.deviceActive("laptop-9")).toBeUndefined();
  });

  it("serves logins over HTTP to whoever asks", async () => {
    const url = new URL("/login", server.url);
    const login = (body: object) =>
      fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const taken = await login({ userName: "ann", password: "correct horse", device: "phone-1" });
    expect(taken.status).toBe(201);
    const { session } = (await taken.json()) as { session: string };
    expect(server.sessionActive(session)).toBe(true);
    expect((await login({ userName: "bob" })).status).toBe(403);
    expect((await login({})).status).toBe(400);
  });
});
