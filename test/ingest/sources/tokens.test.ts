import { pino } from "pino";
import { expect, test } from "vitest";
import type { MetsukeError } from "../../../platform/errors.ts";
import { checkExposure, isLoopback, peerAddress } from "../../../ingest/sources/exposure.ts";
import { createTokenFinder, hashToken } from "../../../ingest/sources/tokens.ts";

const token = "0123456789abcdef-secret";
const known = [
  { hash: hashToken("another-token-altogether"), id: "other", tenant: "t2" },
  { hash: hashToken(token), id: "web", tenant: "t1", dataset: "ecs" },
];

test.each([
  ["the token", `Bearer ${token}`, "web"],
  ["in any case of the word", `bearer ${token}`, "web"],
  ["another one", "Bearer another-token-altogether", "other"],
  ["nothing", undefined, undefined],
  ["a wrong one", "Bearer 0123456789abcdef-secreT", undefined],
  ["its hash", `Bearer ${hashToken(token)}`, undefined],
  ["a prefix", `Bearer ${token.slice(0, -1)}`, undefined],
  ["another scheme", `Basic ${token}`, undefined],
  ["an endless one", `Bearer ${"x".repeat(10_000)}`, undefined],
  ["none at all", "Bearer ", undefined],
])("%s", (_name, header, id) => {
  expect(createTokenFinder(known)(header)?.id).toBe(id);
});

test("a hash shows nothing of the token, and a short token is refused", () => {
  expect(hashToken(token)).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(() => hashToken("short")).toThrow(expect.objectContaining({ code: "METSUKE_USAGE" }));
});

test.each([
  ["127.0.0.1", true],
  ["127.8.8.8", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.0.2.1", false],
  ["127.0.0.1.example.org", false],
  ["", false],
])("%s is loopback: %s", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

test("a peer has one spelling", () => {
  expect(peerAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(peerAddress("2001:db8::1")).toBe("2001:db8::1");
  expect(peerAddress(undefined)).toBe("");
});

function tryToListen(source: { host: string; proves: boolean; unauthenticated: boolean }) {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  try {
    checkExposure({ name: "x", remedy: "give it tokens", ...source }, log);
  } catch (error) {
    return (error as MetsukeError).code;
  }
  return lines.length === 0 ? "opens" : "warns";
}

test.each([
  { host: "127.0.0.1", proves: false, unauthenticated: false, result: "opens" },
  { host: "0.0.0.0", proves: true, unauthenticated: false, result: "opens" },
  { host: "0.0.0.0", proves: false, unauthenticated: true, result: "warns" },
  { host: "0.0.0.0", proves: false, unauthenticated: false, result: "METSUKE_CONFIG_INVALID" },
])("on $host, proof $proves, said so $unauthenticated: $result", ({ result, ...source }) => {
  expect(tryToListen(source)).toBe(result);
});
