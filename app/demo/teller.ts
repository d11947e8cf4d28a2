import type { Streams } from "../command.ts";
import { paint } from "../progress.ts";

export interface Check {
  readonly held: boolean;
  readonly text: string;
}

/** A step of the story as it came out. */
export interface Told {
  readonly title: string;
  readonly checks: readonly Check[];
  /** What the step comes to in one line, with its figure. */
  readonly sum: string;
}

export type Row = Readonly<Record<string, unknown>>;

/** Writes the story: headings, sentences, checks, statements with their rows, the closing table. */
export interface Teller {
  step(number: number, title: string): void;
  /** Something that happens, at a time. */
  event(text: string): void;
  line(text: string): void;
  check(check: Check): void;
  rows(sql: string, rows: readonly Row[]): void;
  summary(told: readonly Told[]): void;
  /** Says no more: the stage is being taken down. */
  mute(): void;
}

const GAP = "     ";

export function createTeller(streams: Streams): Teller {
  const colour = paint(streams);
  let muted = false;
  const write = (text: string): void => {
    if (!muted) streams.out.write(`${text}\n`);
  };
  const line = (text: string): void => write(text === "" ? "" : GAP + text);
  const mark = (held: boolean): string => (held ? colour.green("held  ") : colour.red("FAILED"));
  return {
    mute: () => {
      muted = true;
    },
    step: (number, title) => write(`\n${colour.bold(`${String(number).padStart(3)}  ${title}`)}`),
    event: (text) => line(`${colour.dim(new Date().toISOString().slice(11, 23))}  ${text}`),
    line,
    check: ({ held, text }) => line(`${mark(held)}  ${text}`),
    rows(sql, rows) {
      line(colour.yellow(sql));
      for (const text of table(rows)) line(colour.dim(`  ${text}`));
    },
    summary(told) {
      write(`\n${colour.bold("     The story in one table")}`);
      const width = Math.max(...told.map(({ title }) => title.length));
      for (const [number, { title, checks, sum }] of told.entries()) {
        const held = checks.every((check) => check.held);
        write(`${String(number).padStart(3)}  ${title.padEnd(width)}  ${mark(held)}  ${sum}`);
        for (const check of checks) if (!check.held) line(`${" ".repeat(width)}  ${check.text}`);
      }
    },
  };
}

/** Columns as wide as what is in them. */
function table(rows: readonly Row[]): readonly string[] {
  const [first] = rows;
  if (first === undefined) return ["(no rows)"];
  const names = Object.keys(first);
  const cells = [names, ...rows.map((row) => names.map((name) => shown(row[name])))];
  const widths = names.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const CELL = 120;

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
  return text.length > CELL ? `${text.slice(0, CELL - 1)}…` : text;
}

export const count = (value: number): string =>
  String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, " ");
