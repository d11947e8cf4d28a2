import type { Event } from "../../schemas/event.ts";
import { evidenceOf } from "../detector.ts";
import { isPrivate, isSignIn } from "../network.ts";
import { hash32 } from "../stats/hash.ts";
import { COMMON_CAP, commonKey } from "./arrivals.ts";
import { places } from "./day.ts";
import { hold, isEarly, recall } from "./early.ts";
import { addEvidence } from "./evidence.ts";
import type { Context, Feature, Look, Own } from "./feature.ts";
import { features } from "./features/index.ts";
import { tellAbsence } from "./features/time-of-day.ts";
import { FIELDS } from "./fields.ts";
import { hourRatio, restlessClock } from "./hours.ts";
import type { Knowledge } from "./knowledge.ts";
import { LABELS, NEWS } from "./model.ts";
import { countActive, dayType, tellCommon, tellSeen } from "./population.ts";
import { findSlot, touchSlot } from "./slots.ts";
import type { BaselineState, News, Window } from "./state.ts";
import { bytesOf, classOf, uploadOf, valuesOf } from "./values.ts";
import { rarityOf, vote } from "./votes.ts";

/** Characters that JSON writes as six: an attacker would choose them to swell the state. */
// oxlint-disable-next-line no-control-regex
const UNQUOTABLE = /[\u0000-\u001f"\\\ud800-\udfff]/g;
const LABEL_LENGTH = 24;
const MINUTE = 60_000;
const DAY = 86_400_000;

type Taking = Required<Feature>["note"];
const taking = (of: "note" | "judge"): readonly (readonly [Taking, Own])[] =>
  features.flatMap((feature, index) => {
    const take = feature[of];
    return take === undefined ? [] : [[take.bind(feature), places[index] as Own] as const];
  });
const noting = taking("note");
const judging = taking("judge");

export const groupOf = (event: Event, kind: string): string =>
  (kind === "device" || kind === "host"
    ? `(${kind}s)`
    : (event["user.group.name"] ?? (kind === "service" ? "(services)" : ""))
  )
    .slice(0, 40)
    .replaceAll(UNQUOTABLE, "?");

/** Room for what is read of one event; the next one overwrites it. */
export const createLook = (): Look =>
  ({
    values: Array.from({ length: FIELDS }, (): string | undefined => undefined),
    hashes: new Uint32Array(FIELDS),
    slots: new Int32Array(FIELDS),
    activity: 0,
    weight: 1,
    failed: false,
    minute: 0,
    hour: 0,
    elapsed: 0,
    fromOutside: false,
    sent: 0,
    spraying: undefined,
  }) as unknown as Look;

/** Minutes of the first values of a field, which everyone is told of. */
const toldOf = (window: Window, field: number): number[] =>
  window.news
    .filter((news) => news.field === field)
    .map((news) => news.minute)
    .toSorted((left, right) => left - right)
    .slice(0, COMMON_CAP);

/** Changes the day's new values of a field, and tells everyone of what changed in the first ones. */
function amend(look: Look, field: number, change: () => void): void {
  const { window } = look;
  const before = toldOf(window, field);
  change();
  const after = toldOf(window, field);
  if (before.join() === after.join()) return;
  for (const minute of before) tellCommon(look, commonKey(field), -1, minute);
  for (const minute of after) tellCommon(look, commonKey(field), 1, minute);
}

const later = (left: News, right: News): boolean =>
  left.minute > right.minute || (left.minute === right.minute && left.hash > right.hash);

/**
 * Keeps the earliest values of the day when there are more than it has room for, so that which they
 * are does not depend on the order of arrival. False when this one is not among them.
 */
function enter(look: Look, news: News): boolean {
  const { window } = look;
  if (window.news.length >= NEWS) {
    let last = 0;
    for (let index = 1; index < NEWS; index++) {
      if (later(window.news[index] as News, window.news[last] as News)) last = index;
    }
    const latest = window.news[last] as News;
    if (!later(latest, news)) return false;
    vote(look, latest, -1);
    amend(look, latest.field, () => window.news.splice(last, 1));
    window.met[latest.field] = (window.met[latest.field] as number) - 1;
  }
  amend(look, news.field, () => window.news.push(news));
  window.met[news.field] = (window.met[news.field] as number) + 1;
  return true;
}

function label(look: Look, news: News, peers: number): void {
  const { labels } = look.window;
  const value = look.values[news.field];
  if (value === undefined) return;
  const text = value.slice(0, LABEL_LENGTH).replaceAll(UNQUOTABLE, "?");
  labels.push({ field: news.field, text, bucket: news.bucket, peers });
  labels.sort((left, right) => left.bucket - right.bucket);
  if (labels.length > LABELS) labels.pop();
}

/**
 * A value this entity has never shown before today. When an earlier event with it comes after, the
 * value counts from there.
 */
function meet(look: Look, field: number): boolean {
  const { window, elapsed } = look;
  const hash = look.hashes[field] as number;
  const known = window.news.find((entry) => entry.field === field && entry.hash === hash);
  if (known !== undefined) {
    if (elapsed >= known.minute) return false;
    vote(look, known, -1);
    known.bucket = rarityOf(look, field, hash).bucket;
    amend(look, field, () => {
      known.minute = elapsed;
    });
    vote(look, known, 1);
    return true;
  }
  const { bucket, peers } = rarityOf(look, field, hash);
  const news: News = { field, hash, minute: elapsed, bucket };
  if (!enter(look, news)) return false;
  vote(look, news, 1);
  label(look, news, peers);
  addEvidence(window, 2 + 1 / (1 + bucket), evidenceOf(look.event));
  return true;
}

function lookUp(look: Look): void {
  const { event, context, window, state, values, hashes, slots } = look;
  valuesOf(event, context.entity.type, values);
  for (let field = 0; field < FIELDS; field++) {
    const value = values[field];
    const hash = value === undefined ? 0 : hash32(value, field) || 1;
    hashes[field] = hash;
    slots[field] = hash === 0 ? -1 : findSlot(state, field, hash);
  }
  look.activity = classOf(event);
  look.weight = Math.max(1, Math.min(100_000, Math.floor(event["event.repeat_count"] ?? 1)));
  look.failed = event["event.outcome"] === "failure";
  const start = window.day * DAY;
  const minutes = (offset: number): number =>
    Math.max(0, Math.floor((context.at + offset - start) / MINUTE));
  look.minute = Math.min(1439, minutes(context.zoneOffsetMs));
  look.elapsed = minutes(window.offset);
  look.hour = Math.floor(look.minute / 60);
  const ip = event["source.ip"];
  const success = event["event.outcome"] === "success";
  look.fromOutside = success && ip !== undefined && !isPrivate(ip) && isSignIn(event);
  look.sent = uploadOf(event);
  look.spraying = undefined;
}

/** An hour this unlikely against the likeliest may make a day odd. */
const RARE_HOUR = 0.05;

/** Notes the hour; true when it is a rare one. */
function noteHour(look: Look): boolean {
  const { state, window, hour, know, context } = look;
  const bit = 1 << hour;
  if ((window.hours & bit) !== 0) return false;
  window.hours |= bit;
  const of = {
    state,
    peers: know.peers(state.group),
    type: dayType(context, window.day, false),
  };
  return hourRatio(of, hour, restlessClock(state, window)) < RARE_HOUR;
}

/** Sums stop here, short of where they would round. */
const MOST_BYTES = 4e15;

function noteBytes(look: Look): void {
  const { window, event } = look;
  const bytes = bytesOf(event);
  if (bytes === 0) return;
  window.bytes = Math.min(MOST_BYTES, window.bytes + bytes);
  window.upload = Math.min(MOST_BYTES, window.upload + look.sent);
  window.byteEvents += 1;
  window.logBytes += Math.round(1000 * Math.log1p(bytes));
}

/** First minute of the day so far plus one, 0 before there is any. */
export function firstMinute({ seen }: Window): number {
  let first = 0;
  for (const minute of seen) if (minute > 0 && (first === 0 || minute < first)) first = minute;
  return first;
}

/** Moves what was told of the day's first event to where it belongs. */
function noteFirst(look: Look, before: number, minute: number): void {
  if (before > 0) {
    countActive(look, -1, before - 1);
    tellAbsence(look, -1, before - 1);
  }
  countActive(look, 1, minute);
  tellAbsence(look, 1, minute);
}

function noteClass(look: Look): void {
  const { window, activity, weight, elapsed: minute } = look;
  window.classes[activity] = (window.classes[activity] as number) + weight;
  const first = window.seen[activity] as number;
  if (first > 0 && minute >= first - 1) return;
  const day = firstMinute(window);
  window.seen[activity] = minute + 1;
  tellSeen(look, activity, { amount: 1, minute });
  if (first > 0) tellSeen(look, activity, { amount: -1, minute: first - 1 });
  if (day === 0 || minute < day - 1) noteFirst(look, day, minute);
}

/** Holds an event against what was known before the day. */
function judge(look: Look): boolean {
  const { state, window } = look;
  let material = false;
  if (!look.failed) {
    for (let field = 0; field < FIELDS; field++) {
      if (look.hashes[field] === 0) continue;
      const slot = look.slots[field] as number;
      if (slot >= 0) touchSlot(state, slot, window.day);
      else material = meet(look, field) || material;
    }
  }
  for (const [take, own] of judging) material = take(look, own) || material;
  return material;
}

/** Growth of a day's events and bytes that calls for scoring it again. */
const GROWN = 1.65;

interface Of {
  readonly context: Context;
  readonly know: Knowledge;
  readonly look: Look;
}

/**
 * Takes one event into its day. Returns whether anything happened that could make the day much odder,
 * so that scoring runs for few events only.
 */
export function observe(
  state: BaselineState,
  window: Window,
  of: Of & { readonly event: Event },
): boolean {
  const { look } = of;
  look.state = state;
  look.window = window;
  look.event = of.event;
  look.context = of.context;
  look.know = of.know;
  lookUp(look);
  window.count += look.weight;
  noteClass(look);
  let material = noteHour(look);
  noteBytes(look);
  for (const [take, own] of noting) material = take(look, own) || material;
  if (isEarly(look)) {
    hold(look);
    addEvidence(window, 1, evidenceOf(of.event));
  } else material = judge(look) || material;
  return material || window.count + window.byteEvents >= GROWN * window.scoredAt + 8;
}

const NO_EVENT: Event = { "@timestamp": "", "event.id": "", "event.dataset": "" };

/** Judges what waited until all of the day before was learned; returns as `observe` does. */
export function settle(state: BaselineState, window: Window, of: Of): boolean {
  const { look } = of;
  look.state = state;
  look.window = window;
  look.event = NO_EVENT;
  look.context = of.context;
  look.know = of.know;
  let material = false;
  for (const kept of window.early) {
    recall(look, kept);
    for (let field = 0; field < FIELDS; field++) {
      const hash = look.hashes[field] as number;
      look.slots[field] = hash === 0 ? -1 : findSlot(state, field, hash);
    }
    material = judge(look) || material;
  }
  window.early = [];
  return material;
}
