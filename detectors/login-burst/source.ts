import type { Event } from "../../schemas/event.ts";
import { type Evidence, evidenceOf } from "../detector.ts";
import { type BurstContext, weightOf } from "./params.ts";
import { hash32 } from "../stats/hash.ts";

const DAY = 86_400_000;
const ACCOUNTS = 40;
/** Failing accounts from which on an address is named to the other detectors. */
const SUSPECT = 5;

/** A bounded sketch of one address and its UTC day: attackers choose the names, not the size. */
export interface SourceState {
  day: number;
  /** Hashes of accounts that failed, and that succeeded, today. */
  failing: number[];
  succeeding: number[];
  /** Most accounts that succeeded here on an earlier day, halved daily. */
  usual: number;
  failures: number;
  names: string[];
  recent: Evidence[];
  told: boolean;
  reported: boolean;
  successes: number;
}

export const sourceState = (): SourceState => ({
  day: -1,
  failing: [],
  succeeding: [],
  usual: 0,
  failures: 0,
  names: [],
  recent: [],
  told: false,
  reported: false,
  successes: 0,
});

function open(state: SourceState, day: number): void {
  const gap = state.day < 0 ? 0 : Math.min(30, day - state.day);
  const usual = Math.max(state.usual * 0.9 ** gap, state.succeeding.length);
  Object.assign(state, sourceState(), { day, usual: Math.round(usual * 100) / 100 });
}

/** The list with the value, as long as it needs to be: lists that grow in place keep spare room, and addresses are many. */
const appended = <Value>(list: readonly Value[], value: Value, most: number): Value[] =>
  list.length < most ? list.concat([value]) : (list as Value[]);

/** An office gateway fails for many accounts too, but succeeds for more. */
const outweighs = (state: SourceState, accounts: number): boolean =>
  state.failing.length >= accounts &&
  state.failing.length > 2 * Math.max(state.succeeding.length, state.usual);

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
  if (state.failing.includes(hashed)) return;
  state.failing = appended(state.failing, hashed, ACCOUNTS);
  state.names = appended(state.names, account.slice(0, 24), 5);
  if (state.recent.length < 8) state.recent = appended(state.recent, evidenceOf(event), 8);
  if (!state.told && outweighs(state, SUSPECT)) {
    state.told = true;
    context.contribute("login.spraying", context.entity.id, 1000);
  }
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
  if (state.succeeding.includes(hashed)) return;
  state.succeeding = appended(state.succeeding, hashed, ACCOUNTS);
  if (!spraying || state.successes >= 8) return;
  state.successes++;
  report(state, context, { account, evidence: evidenceOf(event) });
}

export function stepSource(state: SourceState, event: Event, context: BurstContext): void {
  const day = Math.floor(context.at / DAY);
  if (day < state.day) return;
  if (day > state.day) open(state, day);
  if (event["event.outcome"] === "failure") onFailure(state, event, context);
  else onSuccess(state, event, context);
}
