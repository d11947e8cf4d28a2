import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../app/version.ts";
import { createNormaliser } from "../../ingest/normalise.ts";
import { isEvent } from "../../schemas/validate.ts";

/** Fixture per format: what mutations start from. */
export const fixtures = {
  ecs: "ecs.ndjson",
  "linux.sshd": "linux.sshd.log",
  "linux.sudo": "linux.sudo.log",
  "keycloak.event": "keycloak.event.log",
  "windows.security": "windows.security.ndjson",
  "zeek.conn": "zeek.conn.ndjson",
} as const;
export type FixtureName = keyof typeof fixtures;

const seedOf = (text: string): number => {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
};

/** Mulberry32: the same seed gives the same mutations on every machine. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const tokens = [
  " from 10.9.9.9 port 22 ssh2",
  "\n",
  "\0",
  "\r",
  "\\",
  '"',
  '\\"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  " : ",
  " ; USER=root ; COMMAND=/bin/sh",
  ', username="root"',
  "__proto__",
  "constructor",
  "null",
  "-",
  "N/A",
  "\uFEFF",
  "é",
  "\u212a",
  "😀",
  "\\ud800",
  "\x1b[31m",
  "0x7fffffffffffffff",
  "1e999",
  "-0",
  "99999999999999999999",
  "::ffff:1.2.3.4",
  "fe80::1%eth0",
  "<38>",
  "<999>1 ",
  "message repeated 9 times: [ ",
  "%s%n",
  "Jan  1 00:00:00",
  "1970-01-01T00:00:00Z",
  "9999-12-31T23:59:60+23:59",
  " ID x (serial 1) CA RSA SHA256:x",
  "pam_unix(sshd:auth): ",
  "TTY= ; ",
  "@cee:{",
  "[][][]",
];

type Random = ReturnType<typeof randomOf>;
type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const cut = (bytes: Buffer, at: number, drop: number, insert: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)]);

const mutations: readonly Mutation[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random(copy.length)] = random(256);
    return copy;
  },
  (bytes, random) => cut(bytes, random(bytes.length + 1), random(20), Buffer.alloc(0)),
  (bytes, random) =>
    cut(bytes, random(bytes.length + 1), 0, Buffer.from(tokens[random(tokens.length)]!)),
  (bytes, random) => {
    const at = random(bytes.length + 1);
    return cut(bytes, at, 0, bytes.subarray(at, at + random(200)));
  },
  (bytes, random, other) =>
    Buffer.concat([
      bytes.subarray(0, random(bytes.length + 1)),
      other.subarray(random(other.length + 1)),
    ]),
  (bytes, random) =>
    cut(
      bytes,
      random(bytes.length + 1),
      0,
      Buffer.from(tokens[random(tokens.length)]!.repeat(random(400))),
    ),
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
];

/** One to six seeded changes to a record. */
export function mutate(seed: number, fixture: Buffer, other: Buffer = fixture): Buffer {
  const random = randomOf(seed);
  let bytes = fixture;
  for (let left = 1 + random(6); left > 0; left--)
    bytes = mutations[random(mutations.length)]!(bytes, random, other);
  return bytes;
}

export interface MutationReport {
  readonly format: FixtureName;
  readonly records: number;
  readonly events: number;
  readonly rejects: number;
  /** Thrown errors, records answered other than once, invalid or repeated ids: none is expected. */
  readonly defects: string[];
  /** Records over 100 ms of CPU, confirmed on a second try. */
  readonly slow: string[];
  readonly slowestMs: number;
}

const cpuMs = (before: NodeJS.CpuUsage): number => process.cpuUsage(before).user / 1000;

/** Lets every mutation through the real normaliser as one record. */
export function runMutations(options: {
  readonly count: number;
  readonly seed: number;
  readonly formats?: readonly FixtureName[];
}): MutationReport[] {
  const normalise = createNormaliser({ geo: () => undefined });
  const names = options.formats ?? (Object.keys(fixtures) as FixtureName[]);
  const provenance = {
    tenant: "t",
    transport: "http",
    senderId: "s",
    authenticated: false,
  } as const;

  /** Answer and CPU of one record; a slow one is tried again, because a busy machine is no defect. */
  const timed = (record: Buffer) => {
    const before = process.cpuUsage();
    const made = one(record);
    const spent = cpuMs(before);
    if (spent <= 100) return { made, spent };
    const again = process.cpuUsage();
    one(record);
    return { made, spent: Math.min(spent, cpuMs(again)) };
  };

  const one = (record: Buffer) =>
    normalise({ provenance, records: [record], arrivedAt: Date.UTC(2026, 10, 24, 22) });

  return names.map((format) => {
    const path = join(packageRoot, "test", "fixtures", "ingest", fixtures[format]);
    const records = readFileSync(path, "latin1")
      .split("\n")
      .filter(Boolean)
      .map((line) => Buffer.from(line, "latin1"));
    const report = {
      format,
      records: 0,
      events: 0,
      rejects: 0,
      defects: [] as string[],
      slow: [] as string[],
      slowestMs: 0,
    };
    for (let index = 0; index < options.count; index++) {
      const seed = (options.seed ^ seedOf(`${format}/${index}`)) >>> 0;
      const record = mutate(
        seed,
        records[seed % records.length]!,
        records[index % records.length]!,
      );
      report.records++;
      try {
        const { made, spent } = timed(record);
        report.slowestMs = Math.max(report.slowestMs, spent);
        if (spent > 100) report.slow.push(`seed ${seed}: ${spent} ms`);
        const events = made.events.length;
        const rejects = made.rejects.length;
        report.events += events > 0 ? 1 : 0;
        report.rejects += rejects;
        if (!((events > 0 && rejects === 0) || (events === 0 && rejects === 1)))
          report.defects.push(`seed ${seed}: ${events} events, ${rejects} rejects`);
        if (!made.events.every(isEvent)) report.defects.push(`seed ${seed}: not an Event`);
        if (
          made.events.some(
            (event) => event["sender.authenticated"] || event["organization.id"] !== "t",
          )
        )
          report.defects.push(`seed ${seed}: forged provenance`);
      } catch (error) {
        report.defects.push(`seed ${seed}: ${String(error)}`);
      }
    }
    return report;
  });
}
