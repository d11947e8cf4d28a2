import { setTimeout as delay } from "node:timers/promises";
import type { Action } from "../../schemas/action.ts";
import type { Event } from "../../schemas/event.ts";
import type { Person } from "../../bench/people.ts";
import type { Streams } from "../command.ts";
import { caughtUp } from "../commands/backfill.ts";
import { DATASET } from "./company.ts";
import type { LoginResult } from "./identity-server.ts";
import { passwordOf, type Setting } from "./setting.ts";
import { type Check, type Row, type Teller, type Told } from "./teller.ts";

/** How long a step waits for what has to come, in ms; a busy machine is slow, not wrong. */
const PATIENCE_MS = 30_000;
const POLL_MS = 20;

export interface SignIn {
  readonly person: Person;
  /** Where from and on what. */
  readonly from: Partial<Event>;
  readonly password?: string;
}

export interface SignedIn {
  readonly result: LoginResult;
  /** Epoch ms of the event. */
  readonly at: number;
}

/** What a step may do. */
export interface Stage {
  readonly setting: Setting;
  readonly streams: Streams;
  readonly teller: Teller;
  /** The identity server answers, and its record is sent to Metsuke. */
  signIn(attempt: SignIn): Promise<SignedIn>;
  /** The same many times with a wrong password, sent in large bodies; the number accepted. */
  guess(attempt: SignIn, times: number): Promise<number>;
  /** The first action that fits, newest revision; undefined when patience ends. */
  action(fits: (action: Action) => boolean): Promise<Action | undefined>;
  actions(fits: (action: Action) => boolean): Promise<readonly Action[]>;
  /** Resolves when everything sent was judged. */
  judged(): Promise<void>;
  /** Runs the statement until `enough` rows are there, and prints both. */
  show(sql: string, enough?: (rows: readonly Row[]) => boolean): Promise<readonly Row[]>;
  /** Polls; false when patience ends. */
  until(holds: () => boolean | Promise<boolean>): Promise<boolean>;
}

export function createStage(setting: Setting, teller: Teller, streams: Streams): Stage {
  const actions: Stage["actions"] = async (fits) =>
    (await setting.app.operations.actions()).filter(fits);
  return {
    setting,
    streams,
    teller,
    async signIn(attempt) {
      const at = Date.now();
      const result = login(setting, attempt);
      await post(setting, [recordOf(attempt, result, at)]);
      return { result, at };
    },
    guess: (attempt, times) => guess(setting, attempt, times),
    async action(fits) {
      let found: Action | undefined;
      await until(async () => {
        [found] = await actions(fits);
        return found !== undefined;
      });
      return found;
    },
    actions,
    judged: () => judged(setting),
    async show(sql, enough = (rows) => rows.length > 0) {
      let rows: readonly Row[] = [];
      await until(async () => {
        rows = await setting.store.query<Row>(sql);
        return enough(rows);
      });
      teller.rows(sql, rows);
      return rows;
    },
    until,
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    if (await holds()) return true;
    if (Date.now() > end) return false;
    await delay(POLL_MS);
  }
}

function login({ identity }: Setting, { person, from, password }: SignIn): LoginResult {
  const device = from["device.id"];
  return identity.login(person.name, {
    password: password ?? passwordOf(person.name),
    ...(device === undefined ? {} : { device }),
  });
}

/** What the identity server writes of an attempt; who somebody is, Metsuke finds out itself. */
const recordOf = ({ person, from }: SignIn, result: LoginResult, at: number) => ({
  "@timestamp": new Date(at).toISOString(),
  "event.dataset": DATASET,
  "event.category": ["authentication"],
  "event.action": "sign_in",
  "event.outcome": result.ok ? "success" : "failure",
  ...(result.ok ? { "session.id": result.session } : { "event.reason": result.reason }),
  "user.name": person.name,
  "user.group.name": person.group,
  "service.name": "sso-portal",
  ...from,
});

async function post({ events }: Setting, records: readonly object[]): Promise<number> {
  const answer = await fetch(`${events.url}?dataset=ecs`, {
    method: "POST",
    headers: { authorization: `Bearer ${events.token}`, "content-type": "application/x-ndjson" },
    body: records.map((record) => `${JSON.stringify(record)}\n`).join(""),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${events.url} answered ${answer.status}: ${text}`);
  return (JSON.parse(text) as { readonly accepted: number }).accepted;
}

const BODY_RECORDS = 1_000;

async function guess(setting: Setting, attempt: SignIn, times: number): Promise<number> {
  let accepted = 0;
  for (let sent = 0; sent < times; sent += BODY_RECORDS) {
    const records = Array.from({ length: Math.min(BODY_RECORDS, times - sent) }, (_, index) => {
      const guessed = { ...attempt, password: `guess-${sent + index}` };
      return recordOf(guessed, login(setting, guessed), Date.now());
    });
    accepted += await post(setting, records);
  }
  return accepted;
}

/** Detection has read what ingest wrote; then triage has read what detection wrote. */
async function judged({ app, config }: Setting): Promise<void> {
  await app.ingest?.beat();
  await caughtUp(app, config);
}

/** Gathers what a step finds. */
export function createChecks(teller: Teller) {
  const checks: Check[] = [];
  return {
    all: checks,
    check: (text: string, held: boolean): void => {
      checks.push({ held, text });
      teller.check({ held, text });
    },
  };
}
export type Checks = ReturnType<typeof createChecks>;

/** Tells one step; what it throws is a check that failed, and the story goes on. */
export async function tell(
  stage: Stage,
  of: { readonly number: number; readonly title: string; readonly play: Play },
): Promise<Told> {
  stage.teller.step(of.number, of.title);
  const checks = createChecks(stage.teller);
  let sum = "not finished";
  try {
    sum = await of.play(stage, checks);
  } catch (error) {
    checks.check(error instanceof Error ? error.message : String(error), false);
  }
  return { title: of.title, checks: checks.all, sum };
}

/** Plays a step and says in one line what it came to. */
export type Play = (stage: Stage, checks: Checks) => Promise<string>;
