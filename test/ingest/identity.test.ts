import { describe, expect, it } from "vitest";
import { foldName, identityOf } from "../../ingest/identity.ts";

describe("identity", () => {
  it.each([
    ["ANN", "ann"],
    ["Ärger", "ärger"],
    ["ΣΟΦΙΑ", "σοφια"],
    ["\u212Aim", "\u212Aim"],
    ["\u0130stanbul", "\u0130stanbul"],
    ["\u2126", "\u2126"],
    ["аnn", "аnn"],
    ["ａｎｎ", "ａｎｎ"],
    ["ann\u200b", "ann\u200b"],
    ["ﬁ", "ﬁ"],
  ])("%s folds to %s", (name, folded) => {
    expect(foldName(name)).toBe(folded);
  });

  it("never merges a look-alike with the account it looks like", () => {
    const names = ["kim", "\u212Aim", "ｋim", "κim", "kim\u200d", "k\u0131m", " kim"];
    expect(new Set(names.map(foldName)).size).toBe(names.length);
  });

  it("adds the dataset's domain, once", () => {
    const domains = { "linux.sshd": "Corp.Example" };
    const of = (name: string, dataset = "linux.sshd") =>
      identityOf({ "user.name": name, "event.dataset": dataset }, domains)?.id;
    expect(of("Ann")).toBe("ann@corp.example");
    expect(of("Ann@corp.example")).toBe("ann@corp.example");
    expect(of("ann@other")).toBe("ann@other@corp.example");
    expect(of("Ann", "ecs")).toBe("ann");
    expect(of("Ann", "__proto__")).toBe("ann");
  });

  it("is nobody without a name, and the address where only that is known", () => {
    expect(identityOf({}, {})).toBeUndefined();
    expect(identityOf({ "user.id": "1000" }, {})).toBeUndefined();
    expect(identityOf({ "user.email": "Ann@Example.com" }, {})?.id).toBe("ann@example.com");
  });

  it("calls only Windows' own words a service", () => {
    expect(identityOf({ "user.name": "system", "event.dataset": "linux.sshd" }, {})?.type).toBe(
      "user",
    );
    expect(identityOf({ "user.name": "System", "user.domain": "NT AUTHORITY" }, {})?.type).toBe(
      "service",
    );
    expect(identityOf({ "user.name": "host$", "event.dataset": "ecs" }, {})?.type).toBe("service");
  });
});
