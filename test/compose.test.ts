import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { KAFKA_VERSION } from "./services/kafka.ts";
import { KEYCLOAK_VERSION } from "./services/keycloak.ts";

interface Service {
  readonly image: string;
  readonly healthcheck?: unknown;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
}

const services = async (): Promise<Record<string, Service>> => {
  const text = await readFile(new URL("../compose.yaml", import.meta.url), "utf8");
  return (parse(text, { merge: true }) as { services: Record<string, Service> }).services;
};

describe("compose.yaml", () => {
  it("names the versions that the tests start", async () => {
    const { kafka, keycloak, redis } = await services();
    expect(kafka?.image).toBe(`apache/kafka:${KAFKA_VERSION}`);
    expect(keycloak?.image).toBe(`quay.io/keycloak/keycloak:${KEYCLOAK_VERSION}`);
    expect(redis?.image).toMatch(/^redis:7\.\d+\.\d+$/);
  });

  it("gives every service a pinned version and a health check", async () => {
    const all = Object.entries(await services());
    const unpinned = all.filter(
      ([, { image }]) => !/:(?:\d+\.\d+\.\d+(?:\.\d+)?|local)$/.test(image),
    );
    expect(unpinned).toEqual([]);
    expect(all.filter(([, { healthcheck }]) => healthcheck === undefined)).toEqual([]);
  });

  it("runs every role, and opens ports on loopback only", async () => {
    const all = Object.values(await services());
    const roles = all.flatMap(({ command }) => (command?.[1] === "--role" ? [command[2]] : []));
    expect(new Set(roles)).toEqual(new Set(["detect", "ingest", "respond", "sink"]));
    for (const port of all.flatMap(({ ports }) => ports ?? [])) {
      expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });
});
