import type { Event } from "../../schemas/event.ts";
import { type Evidence, evidenceOf } from "../detector.ts";
import { type BurstContext, weightOf } from "./params.ts";
import { earlierDays, type Habit, touchHabit } from "../stats/habit.ts";
import { hash32 } from "../stats/hash.ts";

const MINUTE = 60_000;
const WITHIN = 10;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ENTRIES = 32;
const BURST = 1;

/** Failures of one address in one minute: minute, address hash (0 = several), weight, first time. */
type Failures = [minute: number, address: number, weight: number, first: number];

export interface AccountState {
  failures: Failures[];
  /** Addresses with a success, by day. */
  known: Habit[];
  bursts: Habit[];
  /** Latest failures, oldest first. */
  recent: { at: number; evidence: Evidence }[];
  success: { at: number; address: number; ip: string; evidence: Evidence } | undefined;
  /** Hour of the last burst finding, how many its day had. */
  hour: number;
  today: number;
}

export const accountState = (): AccountState => ({
  failures: [],
  known: [],
  bursts: [],
  recent: [],
  success: undefined,
  hour: -1,
  today: 0,
});

const addressOf = (event: Event): number =>
  event["source.ip"] === undefined ? 1 : hash32(event["source.ip"]) || 2;

function addFailure(state: AccountState, event: Event, context: BurstContext): void {
  const minute = Math.floor(context.at / MINUTE);
  const weight = weightOf(event);
  const latest = Math.max(minute, state.failures.at(-1)?.[0] ?? 0);
  state.failures = state.failures.filter((entry) => entry[0] > latest - 2 * WITHIN);
  let address = addressOf(event);
  const inMinute = state.failures.filter((entry) => entry[0] === minute);
  if (inMinute.length >= 4 && !inMinute.some((entry) => entry[1] === address)) address = 0;
  const same = inMinute.find((entry) => entry[1] === address);
  if (same === undefined) {
    state.failures.push([minute, address, weight, context.at]);
    state.failures.sort((left, right) => left[0] - right[0] || left[1] - right[1]);
    if (state.failures.length > ENTRIES) state.failures.shift();
  } else {
    same[2] += weight;
    same[3] = Math.min(same[3], context.at);
  }
  state.recent.push({ at: context.at, evidence: evidenceOf(event) });
  state.recent.sort((left, right) => left.at - right.at);
  if (state.recent.length > 4) state.recent.shift();
}

function reportBurst(state: AccountState, event: Event, context: BurstContext): void {
  const minute = Math.floor(context.at / MINUTE);
  const hour = Math.floor(context.at / HOUR);
  const count = state.failures.reduce(
    (sum, entry) => (entry[0] === minute ? sum + entry[2] : sum),
    0,
  );
  if (count < context.params.per_minute || hour <= state.hour) return;
  const day = Math.floor(context.at / DAY);
  touchHabit(state.bursts, BURST, day, 1);
  if (Math.floor(state.hour / 24) !== day) state.today = 0;
  state.hour = hour;
  state.today++;
  // A robot with a stale password does this every day: its first days said so.
  const habitual = earlierDays(state.bursts, BURST, day) >= 2;
  if (state.today > 4 || (habitual && count < 20 * context.params.per_minute)) return;
  const ip = event["source.ip"];
  context.emit({
    windowStart: hour * HOUR,
    discriminator: "burst",
    p: null,
    score: Math.min(6, Math.log10(1 + count)),
    severity: Math.min(40, 20 + Math.round(5 * Math.log10(count))),
    certain: false,
    families: ["failures"],
    evidence: state.recent.map((entry) => entry.evidence),
    ...(ip === undefined
      ? {}
      : { related: [{ type: "source" as const, id: ip }], sourceIp: ip.slice(0, 45) }),
    message: `${count} failed logins of ${context.entity.id} within one minute; fewer than ${context.params.per_minute} are expected; somebody or something is guessing.`,
    explanation: [
      {
        feature: "failures in a minute",
        observed: String(count),
        expected: `0–${context.params.per_minute - 1}`,
        share: 1,
      },
    ],
  });
}

/**
 * Failures count against a success only from the same address, or from strange addresses when the
 * success is itself from one: a flood from elsewhere while the owner signs in proves nothing.
 */
function failuresBefore(state: AccountState, day: number): { count: number; strange: boolean } {
  const success = state.success as NonNullable<AccountState["success"]>;
  const until = Math.floor(success.at / MINUTE);
  const isKnown = (address: number): boolean => earlierDays(state.known, address, day) >= 1;
  const strange = success.address !== 1 && !isKnown(success.address);
  let same = 0;
  let elsewhere = 0;
  for (const [minute, address, weight, first] of state.failures) {
    if (minute < until - WITHIN || first > success.at) continue;
    if (address === success.address) same += weight;
    else if (strange && address !== 1 && !isKnown(address)) elsewhere += weight;
  }
  return { count: same + Math.floor(elsewhere / 2), strange };
}

function reportSuccess(state: AccountState, context: BurstContext): void {
  const success = state.success;
  if (success === undefined) return;
  const { count, strange } = failuresBefore(state, Math.floor(success.at / DAY));
  const needed = context.params.before_success * (strange ? 1 : 3);
  if (count < needed) return;
  const window = Math.floor(success.at / (WITHIN * MINUTE)) * WITHIN * MINUTE;
  const failures = state.recent.filter((entry) => entry.at <= success.at);
  context.emit({
    windowStart: window,
    discriminator: "success",
    p: null,
    score: Math.min(9, (strange ? 4 : 1) + Math.log2(1 + count) / 2),
    severity: strange ? Math.min(75, 50 + Math.round(10 * Math.log10(count / needed + 1))) : 25,
    certain: false,
    families: ["failures"],
    evidence: [...failures.map((entry) => entry.evidence), success.evidence],
    ...(success.ip === ""
      ? {}
      : { related: [{ type: "source" as const, id: success.ip }], sourceIp: success.ip }),
    message: `${count} failed logins of ${context.entity.id}, then a success from ${success.ip || "the same console"} within ${WITHIN} minutes; fewer than ${needed} are expected; a password may have been guessed.`,
    explanation: [
      {
        feature: "failures before a success",
        observed: `${count}, from ${strange ? "an address new to the account" : "a known address"}`,
        expected: `0–${needed - 1}`,
        share: 1,
      },
    ],
  });
  state.success = undefined;
}

export function stepAccount(state: AccountState, event: Event, context: BurstContext): void {
  if (event["event.outcome"] === "failure") {
    addFailure(state, event, context);
    reportBurst(state, event, context);
    reportSuccess(state, context);
    return;
  }
  const address = addressOf(event);
  touchHabit(state.known, address, Math.floor(context.at / DAY), 8);
  const earlier = state.success;
  state.success = {
    at: context.at,
    address,
    ip: (event["source.ip"] ?? "").slice(0, 45),
    evidence: evidenceOf(event),
  };
  reportSuccess(state, context);
  // Judged and found harmless: the earlier one may still meet a failure that is under way.
  if (earlier !== undefined && earlier.at > context.at) state.success = earlier;
}
