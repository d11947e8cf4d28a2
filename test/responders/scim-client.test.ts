import { describe, expect, it } from "vitest";
import type { HttpTarget, TargetRequest } from "../../responders/http-target.ts";
import { createScimClient } from "../../responders/scim-client.ts";

/** Services differ; these answers are written down, not simulated. */
function clientOf(answers: Readonly<Record<string, unknown>>) {
  const asked: TargetRequest[] = [];
  const target: HttpTarget = {
    async send(request) {
      asked.push(request);
      const { pathname, searchParams } = new URL(request.url);
      const start = searchParams.get("startIndex");
      const answer = answers[start === null ? pathname : `${pathname}#${start}`];
      return answer === undefined
        ? { status: 404, text: "" }
        : { status: 200, text: JSON.stringify(answer) };
    },
  };
  const client = createScimClient(target, {
    baseUrl: "https://id.test",
    token: "t",
    signal: new AbortController().signal,
  });
  return { client, asked };
}

const pathsOf = (asked: readonly TargetRequest[], method: string): string[] =>
  asked.filter((request) => request.method === method).map(({ url }) => new URL(url).pathname);

const sessionType = { name: "Session", endpoint: "/Sessions" };

describe("SCIM client", () => {
  it("keeps of a list only what really has the attribute", async () => {
    const everybody = {
      totalResults: 3,
      Resources: [
        { id: "1", userName: "annabel" },
        { id: "2", userName: "ANN", active: true },
        { id: "3", active: false },
      ],
    };
    const { client } = clientOf({ "/Users": everybody });
    expect(await client.find("User", "userName", "ann")).toEqual([{ id: "2", active: true }]);
    expect(await client.find("User", "userName", "carl")).toEqual([]);
  });

  it("looks into attributes of attributes", async () => {
    const { client, asked } = clientOf({
      "/Users": {
        totalResults: 2,
        Resources: [
          { id: "1", emails: [{ value: "x@a.test" }, { value: "Ann@a.test" }] },
          { id: "2", emails: "ann@a.test" },
        ],
      },
    });
    expect(await client.find("User", "emails.value", "ann@a.test")).toEqual([
      { id: "1", active: true },
    ]);
    expect(new URL(asked[0]?.url ?? "").searchParams.get("filter")).toBe(
      'emails.value eq "ann@a.test"',
    );
  });

  it("reads every page, and gives up on a list without end", async () => {
    const page = (id: string, totalResults: number) => ({
      totalResults,
      Resources: [{ id, userName: "ann" }],
    });
    const two = clientOf({ "/Users": page("1", 2), "/Users#2": page("2", 2) });
    expect(await two.client.find("User", "userName", "ann")).toHaveLength(2);
    const endless = clientOf(
      Object.fromEntries(
        Array.from({ length: 200 }, (_none, n) => [
          n === 0 ? "/Users" : `/Users#${n + 1}`,
          page(`${n}`, 1e9),
        ]),
      ),
    );
    await expect(endless.client.find("User", "userName", "ann")).rejects.toThrow("does not end");
  });

  it("ends no session of others, even when the filter is ignored", async () => {
    const { client, asked } = clientOf({
      "/ResourceTypes": [sessionType],
      "/Sessions": {
        totalResults: 3,
        Resources: [
          { id: "s1", user: { value: "ann" } },
          { id: "s2", user: { value: "bob" } },
          { id: "s3" },
        ],
      },
    });
    expect(await client.endSessions("ann")).toBe(1);
    expect(pathsOf(asked, "DELETE")).toEqual(["/Sessions/s1"]);
  });

  it("does not take its token to an endpoint elsewhere", async () => {
    for (const endpoint of ["https://evil.test/Sessions", "//evil.test/x", "/../x", 7]) {
      const { client, asked } = clientOf({ "/ResourceTypes": [{ name: "Session", endpoint }] });
      expect(await client.sessionsOf("ann")).toBeUndefined();
      expect(asked).toHaveLength(1);
    }
  });

  it("does without a list of resource types, but not without users", async () => {
    const { client } = clientOf({});
    expect(await client.sessionsOf("ann")).toBeUndefined();
    await expect(client.find("User", "userName", "ann")).rejects.toThrow("no /Users");
  });

  it("does not act on a resource without an id", async () => {
    const { client } = clientOf({
      "/Users": { totalResults: 1, Resources: [{ userName: "ann" }] },
    });
    await expect(client.find("User", "userName", "ann")).rejects.toThrow("without an id");
  });
});
