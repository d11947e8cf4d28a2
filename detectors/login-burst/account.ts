import { LAG_MS } from "../../schemas/event-time.ts";
import type { Event } from "../../schemas/event.ts";
import { type Evidence, evidenceOf } from "../detector.ts";
import { dayStart } from "../stats/days.ts";
import { dayOfUse, earlierDays, type Habit, touchHabit } from "../stats/habit.ts";
import { hash32 } from "../stats/hash.ts";
import {
  addFailures,
  entryOf,
  failuresBefore,
  failuresIn,
  KNOWN,
  type Minute,
  SPRAYED,
  STRANGE,
  SUCCESSES,
  WITHIN,
} from "./minutes.ts";
import { type BurstContext, weightOf } from "./params.ts";
import {
  countAddress,
  KNOWN_SUCCESS,
  STRANGE_SUCCESS,
  type Strength,
  weighFailure,
  weighSuccess,
} from "./strength.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BURST = 1;
/** Addresses remembered: a phone alone brings several a day. */
const ADDRESSES = 16;
/** Stands for the address of an event that names none: nobody can call it strange. */
const NOWHERE = 1;

export interface AccountState {
  minutes: Minute[];
  days: Strength[];
  /** Addresses with a success, by day. */
  known: Habit[];
  bursts: Habit[];
  /** Latest failures, oldest first. */
  recent: { at: number; evidence: Evidence }[];
  success: { at: number; address: number; ip: string; evidence: Evidence } | undefined;
  /** Hour of the last burst finding, how many its day had. */
  hour: number;
  today: number;
  /** Epoch ms of the first success, which made the account one of ours. */
  born: number;
}

export const accountState = (): AccountState => ({
  minutes: [],
  days: [],
  known: [],
  bursts: [],
  recent: [],
  success: undefined,
  hour: -1,
  today: 0,
  born: Number.POSITIVE_INFINITY,
});

const addressOf = (event: Event): number =>
  event["source.ip"] === undefined ? NOWHERE : hash32(event["source.ip"]) || 2;

/** Whether the account had no success from the address on an earlier day. */
const isStrange = (state: AccountState, address: number, at: number): boolean =>
  address !== NOWHERE && earlierDays(state.known, address, Math.floor(at / DAY)) < 1;

/** How much an address is known for failing everybody: 1000 on the day, less later (see source.ts). */
const sprayingOf = (event: Event, context: BurstContext): number =>
  context.shared("login.spraying").get(event["source.ip"] ?? "");

function reportBurst(
  state: AccountState,
  entry: Minute,
  event: Event,
  context: BurstContext,
): void {
  const hour = Math.floor(context.at / HOUR);
  const count = failuresIn(entry);
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
    severity: Math.min(35, 20 + Math.round(5 * Math.log10(count))),
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

function reportSuccess(state: AccountState, context: BurstContext): void {
  const success = state.success;
  if (success === undefined) return;
  const strange = isStrange(state, success.address, success.at);
  const count = failuresBefore(state.minutes, Math.floor(success.at / MINUTE), strange);
  const needed = context.params.before_success * (strange ? 1 : 3);
  if (count < needed) return;
  const window = Math.floor(success.at / (WITHIN * MINUTE)) * WITHIN * MINUTE;
  const failures = state.recent.filter((entry) => entry.at <= success.at);
  context.emit({
    windowStart: window,
    discriminator: "success",
    p: null,
    score: Math.min(9, (strange ? 4 : 1) + Math.log2(1 + count) / 2),
    // No rule is certain that a password was guessed: the account's ranking weighs it and pages.
    severity: strange ? Math.min(39, 30 + Math.round(10 * Math.log10(count / needed))) : 25,
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

function onFailure(
  state: AccountState,
  event: Event,
  of: { readonly entry: Minute; readonly address: number },
  context: BurstContext,
): void {
  const { entry, address } = of;
  const strange = isStrange(state, address, context.at);
  const sprayed = strange && sprayingOf(event, context) > 0;
  addFailures(entry, sprayed ? SPRAYED : strange ? STRANGE : KNOWN, weightOf(event));
  weighFailure(state.days, state.minutes, { entry, offsetMs: context.zoneOffsetMs });
  if (strange && !sprayed) {
    countAddress(state.days, address, dayStart(context.at, context.zoneOffsetMs));
  }
  state.recent.push({ at: context.at, evidence: evidenceOf(event) });
  state.recent.sort((left, right) => left.at - right.at);
  if (state.recent.length > 4) state.recent.shift();
  reportBurst(state, entry, event, context);
  reportSuccess(state, context);
}

function onSuccess(
  state: AccountState,
  event: Event,
  of: { readonly entry: Minute; readonly address: number },
  context: BurstContext,
): void {
  const { entry, address } = of;
  const strange = isStrange(state, address, context.at);
  entry[SUCCESSES] |= strange ? STRANGE_SUCCESS : KNOWN_SUCCESS;
  const sprayed = strange ? sprayingOf(event, context) : 0;
  weighSuccess(state.days, state.minutes, { entry, offsetMs: context.zoneOffsetMs, sprayed });
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

export function stepAccount(state: AccountState, event: Event, context: BurstContext): void {
  const address = addressOf(event);
  const entry = entryOf(state.minutes, Math.floor(context.at / MINUTE));
  const succeeded = event["event.outcome"] === "success";
  if (succeeded) state.born = Math.min(state.born, context.at);
  // Within the lag of it a failure may come before or after: it counts as little as if before.
  else if (context.at <= state.born + LAG_MS) return;
  if (succeeded) touchHabit(state.known, address, dayOfUse(context.at), ADDRESSES);
  if (entry === undefined) return;
  if (succeeded) onSuccess(state, event, { entry, address }, context);
  else onFailure(state, event, { entry, address }, context);
}
