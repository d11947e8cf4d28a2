import { describe, expect, it } from "vitest";
import { cleanWords, hideSecrets, retryAfterMs } from "../../responders/http-target.ts";

describe("cleanWords", () => {
  it("takes the words of the error bodies in use", () => {
    expect(cleanWords('{"schemas":[],"status":"404","detail":"Not here."}')).toBe("Not here.");
    expect(cleanWords('{"error":"invalid_grant","error_description":"Bad"}')).toBe("Bad");
    expect(cleanWords('{"errorMessage":"User exists"}')).toBe("User exists");
    expect(cleanWords("plain text")).toBe("plain text");
    expect(cleanWords("")).toBe("");
  });

  it("leaves one line without control or direction characters", () => {
    expect(cleanWords("a\u001b[31m\r\nb\u202ec\u2028d\u0000")).toBe("a [31m b c d");
  });

  it("cuts at 200 without halving a character", () => {
    expect(cleanWords("x".repeat(200))).toBe("x".repeat(200));
    expect(cleanWords("😀".repeat(201))).toBe(`${"😀".repeat(200)}…`);
  });
});

describe("hideSecrets", () => {
  it("hides a secret and what is left of a cut one", () => {
    expect(hideSecrets("a topsecret-123456 b", ["topsecret-123456"])).toBe("a [hidden] b");
    expect(hideSecrets("a topsecret-1", ["topsecret-123456"])).toBe("a [hidden]");
    expect(hideSecrets("a top b", ["topsecret-123456", ""])).toBe("a top b");
  });
});

describe("retryAfterMs", () => {
  const now = Date.parse("2026-11-24T08:00:00Z");
  it("reads seconds and dates, at most an hour", () => {
    expect(retryAfterMs("7", now)).toBe(7_000);
    expect(retryAfterMs("Tue, 24 Nov 2026 08:00:05 GMT", now)).toBe(5_000);
    expect(retryAfterMs("Tue, 24 Nov 2026 07:00:00 GMT", now)).toBe(0);
    expect(retryAfterMs("99999999", now)).toBe(3_600_000);
    for (const none of [undefined, "", "soon", "-1"])
      expect(retryAfterMs(none, now)).toBeUndefined();
  });
});
