import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { normalize } from "../../app/commands/normalize.ts";
import { replay } from "../../app/commands/replay.ts";
import type { Action } from "../../schemas/action.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { Score } from "../../schemas/score.ts";
import { ndjson, runCommand } from "../app/streams.ts";

/** What a replay wrote, row by row. */
export interface Replayed {
  readonly anomalies: readonly Anomaly[];
  readonly scores: readonly Score[];
  readonly actions: readonly Action[];
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "metsuke-hostile-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const lines = (text: readonly string[]): string => `${text.join("\n")}\n`;

/** Documents through `metsuke replay`. */
export function replayDocuments(documents: readonly string[]): Promise<Replayed> {
  return inFolder(async (folder) => {
    const input = join(folder, "events.ndjson");
    await writeFile(input, lines(documents));
    await runCommand(replay, [input, "--out", folder]);
    const read = async (name: string) =>
      ndjson(await readFile(join(folder, `${name}.ndjson`), "utf8")) as unknown[];
    return {
      anomalies: (await read("anomalies")) as Anomaly[],
      scores: (await read("scores")) as Score[],
      actions: (await read("actions")) as Action[],
    };
  });
}

/** Log lines through `metsuke normalize`, as one sender would ship them. */
export async function normalised(text: readonly string[]): Promise<Record<string, unknown>[]> {
  return ndjson((await runCommand(normalize, ["--sender", "host1"], lines(text))).out);
}

/** Everything said of entities other than these, in order, with p-values and messages. */
export function aboutOthers(found: Replayed, hostile: ReadonlySet<string>): string[] {
  const others = <Row extends { readonly "entity.id": string }>(rows: readonly Row[]): string[] =>
    rows.filter((row) => !hostile.has(row["entity.id"])).map((row) => JSON.stringify(row));
  return [...others(found.anomalies), ...others(found.scores)];
}

const DAY = 86_400_000;

/** Twenty days of sign-ins of ten people from home, as sshd logs them, the last one at `until` (epoch ms). */
export function sshdDays(until: number): string[] {
  const names = ["root", ...Array.from({ length: 9 }, (_, index) => `person${index}`)];
  const text: string[] = [];
  for (let back = 20; back >= 0; back--) {
    for (const [index, name] of names.entries()) {
      const at = until - back * DAY - (names.length - index) * 60_000;
      const tail = `for ${name} from 198.51.100.${10 + index} port ${20_000 + back} ssh2`;
      const said = (back + index) % 7 === 0 ? "Failed" : "Accepted";
      text.push(
        `${new Date(at).toISOString()} host1 sshd[${900 + index}]: ${said} password ${tail}`,
      );
    }
  }
  return text;
}

/** Failures at one user from many addresses within an hour, after days on which he came in from home. */
export function failuresAt(user: string, count: number, from: number): string[] {
  const document = (at: number, more: object) =>
    JSON.stringify({
      "@timestamp": new Date(at).toISOString(),
      "event.category": ["authentication"],
      "event.action": "sign_in",
      "user.name": user,
      "source.geo.country_iso_code": "ES",
      "source.geo.location.lat": 40.42,
      "source.geo.location.lon": -3.7,
      ...more,
    });
  const history = Array.from({ length: 20 }, (_, index) =>
    document(from - (20 - index) * DAY, {
      "event.id": `home-${index}`,
      "event.outcome": "success",
      "source.ip": "203.0.113.7",
    }),
  );
  const attack = Array.from({ length: count }, (_, index) =>
    document(from + Math.floor((index * DAY) / 24 / count), {
      "event.id": `fail-${index}`,
      "event.outcome": "failure",
      "source.ip": `198.51.${Math.floor(index / 200) % 200}.${1 + (index % 200)}`,
      "source.geo.country_iso_code": "SG",
      "source.geo.location.lat": 1.35,
      "source.geo.location.lon": 103.82,
    }),
  );
  return [...history, ...attack];
}
