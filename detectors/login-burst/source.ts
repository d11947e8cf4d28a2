import { LAG_MS } from "../../schemas/event-time.ts";
import type { Event } from "../../schemas/event.ts";
import { type Evidence, evidenceOf } from "../detector.ts";
import { type BurstContext, weightOf } from "./params.ts";
import { hash32 } from "../stats/hash.ts";

const DAY = 86_400_000;
const ACCOUNTS = 40;
/** Failing accounts from which on an address is named to the other detectors. */
const SUSPECT = 5;

/** An account that did something here today: its hash, and when first (ms of the UTC day). */
type First = [account: number, at: number];

/** A bounded sketch of one address and its UTC day: attackers choose the names, not the size. */
export interface SourceState {
  day: number;
  /** Accounts that failed, and that succeeded, today. */
  failing: First[];
  succeeding: First[];
  /** Most accounts that succeeded here on an earlier day than those kept, fading daily. */
  usual: number;
  /** The day before, until its last events within the lag have come. */
  before: SourceState | undefined;
  failures: number;
  names: string[];
  recent: Evidence[];
  /** When (ms of the UTC day) it was named to the other detectors, −1 = not. */
  told: number;
  reported: boolean;
  successes: number;
}

export const sourceState = (): SourceState => ({
  day: -1,
  failing: [],
  succeeding: [],
  usual: 0,
  before: undefined,
  failures: 0,
  names: [],
  recent: [],
  told: -1,
  reported: false,
  successes: 0,
});

/** Opens a day; the one before it is kept apart while events of it may come. */
function open(state: SourceState, day: number): void {
  if (state.day < 0) {
    state.day = day;
    return;
  }
  close(state);
  const before = { ...state };
  Object.assign(state, sourceState(), { day, before });
}

/** Forgets the day before but for what is usual here. */
function close(state: SourceState): void {
  if (state.before === undefined) return;
  state.usual = usualOf(state);
  state.before = undefined;
}

function usualOf({ day, usual, before }: SourceState): number {
  if (before === undefined) return usual;
  const gap = Math.min(30, day - before.day);
  const faded = Math.max(before.usual * 0.9 ** gap, before.succeeding.length);
  return Math.round(faded * 100) / 100;
}

/** The list with the value, as long as it needs to be: lists that grow in place keep spare room, and addresses are many. */
const appended = <Value>(list: readonly Value[], value: Value, most: number): Value[] =>
  list.length < most ? list.concat([value]) : (list as Value[]);

/** What an event is to an account's first of the day; "again" changes nothing. */
type Change = "new" | "earlier" | "again";

function note(list: First[], account: number, at: number): Change {
  const found = list.find((first) => first[0] === account);
  if (found === undefined) return "new";
  if (at >= found[1]) return "again";
  found[1] = at;
  return "earlier";
}

/** An office gateway fails for many accounts too, but succeeds for more. */
const outweighs = (state: SourceState, accounts: number): boolean =>
  state.failing.length >= accounts &&
  state.failing.length > 2 * Math.max(state.succeeding.length, usualOf(state));

/**
 * Since when (ms of the UTC day) the address has failed for suspiciously many accounts and succeeded
 * for few, −1 = never: a function of first times, whatever came first.
 */
function suspectSince({ failing, succeeding }: SourceState, usual: number): number {
  if (failing.length < SUSPECT) return -1;
  const failed = failing.map(([, at]) => at).toSorted((left, right) => left - right);
  for (let count = SUSPECT; count <= failed.length; count++) {
    const at = failed[count - 1] as number;
    let succeeded = 0;
    for (const [, first] of succeeding) if (first <= at) succeeded++;
    if (count > 2 * Math.max(succeeded, usual)) return at;
  }
  return -1;
}

/** Names the address to the other detectors at the time since which it is suspect, or moves that. */
function tell(state: SourceState, context: BurstContext): void {
  const since = suspectSince(state, usualOf(state));
  if (since === state.told) return;
  const { entity, contribute } = context;
  const start = state.day * DAY;
  if (since >= 0) contribute("login.spraying", entity.id, 1000, start + since);
  if (state.told >= 0) contribute("login.spraying", entity.id, -1000, start + state.told);
  state.told = since;
}

function report(
  state: SourceState,
  context: BurstContext,
  success: { readonly account: string; readonly evidence: Evidence } | undefined,
): void {
  const n = state.failing.length >= ACCOUNTS ? `${ACCOUNTS} or more` : `${state.failing.length}`;
  const tried = `${n} accounts (${state.names.join(", ")}${state.failing.length > state.names.length ? ", …" : ""})`;
  context.emit({
    windowStart: state.day * DAY,
    discriminator: success === undefined ? "spray" : `success:${success.account}`,
    p: null,
    score: success === undefined ? 4 : 8,
    severity: success === undefined ? 35 : 39,
    certain: false,
    families: ["failures"],
    evidence: success === undefined ? state.recent : [...state.recent, success.evidence],
    ...(success === undefined ? {} : { related: [{ type: "user" as const, id: success.account }] }),
    sourceIp: context.entity.id.slice(0, 45),
    message:
      `${context.entity.id} failed to sign in to ${tried}` +
      (success === undefined ? "" : `, then succeeded as ${success.account}`) +
      `; one address fails for fewer than ${context.params.spray_accounts} accounts, or succeeds for most; this is password spraying.`,
    explanation: [
      {
        feature: "accounts that fail from one address in a day",
        observed: `${n}, ${state.failures} failures, ${state.succeeding.length} accounts succeeded`,
        expected: `0–${context.params.spray_accounts - 1}`,
        share: 1,
      },
    ],
  });
}

function onFailure(state: SourceState, event: Event, context: BurstContext): void {
  const account = event["user.entity.id"];
  state.failures += weightOf(event);
  // Names that do not exist are the noise of the internet, not an attempt on an account of ours.
  if (account === undefined || event["user.known"] === false) return;
  const hashed = hash32(account);
  const at = context.at - state.day * DAY;
  const change = note(state.failing, hashed, at);
  if (change === "earlier") tell(state, context);
  if (change !== "new") return;
  const known = state.failing.length;
  state.failing = appended(state.failing, [hashed, at], ACCOUNTS);
  state.names = appended(state.names, account.slice(0, 24), 5);
  if (state.recent.length < 8) state.recent = appended(state.recent, evidenceOf(event), 8);
  // Of a full list nothing changes: an office gateway has more accounts than are kept.
  if (state.failing.length > known) tell(state, context);
  if (!state.reported && outweighs(state, context.params.spray_accounts)) {
    state.reported = true;
    report(state, context, undefined);
  }
}

function onSuccess(state: SourceState, event: Event, context: BurstContext): void {
  const account = event["user.entity.id"];
  if (account === undefined) return;
  const spraying = outweighs(state, context.params.spray_accounts);
  const hashed = hash32(account);
  const at = context.at - state.day * DAY;
  const change = note(state.succeeding, hashed, at);
  if (change === "earlier") tell(state, context);
  if (change !== "new") return;
  const known = state.succeeding.length;
  state.succeeding = appended(state.succeeding, [hashed, at], ACCOUNTS);
  if (state.succeeding.length > known) tell(state, context);
  if (!spraying || state.successes >= 8) return;
  state.successes++;
  report(state, context, { account, evidence: evidenceOf(event) });
}

export function stepSource(state: SourceState, event: Event, context: BurstContext): void {
  const day = Math.floor(context.at / DAY);
  if (day > state.day) open(state, day);
  else if (context.at >= state.day * DAY + LAG_MS) close(state);
  const of = day === state.day ? state : state.before?.day === day ? state.before : undefined;
  if (of === undefined) return;
  if (event["event.outcome"] === "failure") onFailure(of, event, context);
  else onSuccess(of, event, context);
  // What is usual here may have changed with the day before.
  if (of !== state) tell(state, context);
}

/** What version 1 knew: hashes without times. They count as first seen when their day began. */
export function sourceFromVersion1(
  old: Omit<SourceState, "failing" | "succeeding" | "before" | "told"> & {
    readonly failing: readonly number[];
    readonly succeeding: readonly number[];
    readonly told: boolean;
  },
): SourceState {
  const first = (account: number): First => [account, 0];
  return {
    ...old,
    failing: old.failing.map(first),
    succeeding: old.succeeding.map(first),
    before: undefined,
    told: old.told ? 0 : -1,
  };
}
