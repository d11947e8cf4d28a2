import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../app/version.ts";
import { detectors } from "../detectors/index.ts";
import { formats } from "../ingest/index.ts";
import { sources } from "../ingest/sources/index.ts";
import { errorCodes } from "../platform/errors.ts";
import { createResponders } from "../responders/index.ts";

const read = (...path: string[]) => readFileSync(join(packageRoot, ...path), "utf8");

function sourceFiles(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

const stages = ["app", "schemas", "platform", "ingest", "detectors", "responders"];
const lengths = stages
  .flatMap(sourceFiles)
  .map((file) => read(file).split("\n").length - 1)
  .toSorted((left, right) => left - right);

describe("the tree", () => {
  it("has small files: median at most 150 lines, none above 400", () => {
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(150);
    expect(lengths.at(-1)).toBeLessThanOrEqual(400);
  });

  it("names plug-ins after their files, each with a test and a row in the reference", () => {
    const plugins = [
      ...detectors.map(({ name }) => ({ folder: "detectors", name, page: "detectors.md" })),
      ...formats.map(({ name }) => ({ folder: "ingest/formats", name, page: "formats.md" })),
      ...sources.map(({ name }) => ({ folder: "ingest/sources", name, page: "formats.md" })),
      ...[...createResponders().keys()].map((name) => ({
        folder: "responders",
        name,
        page: "responders.md",
      })),
    ];
    const tests = sourceFiles("test");
    const found = plugins.map(({ folder, name, page }) => {
      const file = name.replaceAll(".", "-");
      return {
        name,
        source: sourceFiles(folder).includes(join(folder, `${file}.ts`)),
        tested: tests.some((test) => test.includes(join("test", folder, file))),
        documented: read("docs", "reference", page).includes(name),
      };
    });
    expect(found).toEqual(
      plugins.map(({ name }) => ({ name, source: true, tested: true, documented: true })),
    );
  });

  it("documents every error code, and no code that does not exist", () => {
    const documented = [
      ...read("docs", "reference", "errors.md").matchAll(/`(METSUKE_[A-Z_]+)` \|/g),
    ].map((match) => match[1]);
    expect(new Set(documented)).toEqual(new Set(Object.keys(errorCodes)));
  });

  it("pins the versions that compose.yaml and the tests share", () => {
    expect(read("compose.yaml")).toContain("4.1.0");
    expect(read("test", "services", "kafka.ts")).toContain('KAFKA_VERSION = "4.1.0"');
  });
});
