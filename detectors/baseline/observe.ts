import type { Event } from "../../schemas/event.ts";
import { evidenceOf } from "../detector.ts";
import { isPrivate } from "../network.ts";
import { hash32 } from "../stats/hash.ts";
import { COMMON_CAP, commonKey } from "./arrivals.ts";
import { places } from "./day.ts";
import { addEvidence } from "./evidence.ts";
import type { Context, Feature, Look, Own } from "./feature.ts";
import { features } from "./features/index.ts";
import { FIELDS } from "./fields.ts";
import { hourRatio, restlessClock } from "./hours.ts";
import type { Knowledge } from "./knowledge.ts";
import { LABELS, NEWS } from "./model.ts";
import { dayType, tellCommon, tellSeen } from "./population.ts";
import { rarityBucket } from "./rarity.ts";
import { findSlot, touchSlot } from "./slots.ts";
import type { BaselineState, News, Window } from "./state.ts";
import { bytesOf, classOf, uploadOf, valuesOf } from "./values.ts";

/** Characters that JSON writes as six: an attacker would choose them to swell the state. */
// oxlint-disable-next-line no-control-regex
const UNQUOTABLE = /[\u0000-\u001f"\\\ud800-\udfff]/g;
const LABEL_LENGTH = 24;
const MINUTE = 60_000;
const DAY = 86_400_000;

const noting: readonly (readonly [Required<Pick<Feature, "note">>, Own])[] = features.flatMap(
  (feature, index) =>
    feature.note === undefined
      ? []
      : [[feature as Required<Pick<Feature, "note">>, places[index] as Own] as const],
);

export const groupOf = (event: Event, kind: string): string =>
  (event["user.group.name"] ?? (kind === "service" ? "(services)" : ""))
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
    fromOutside: false,
  }) as unknown as Look;

const voteKeys = (look: Look, field: number, hash: number): readonly string[] => {
  const key = hash.toString(36);
  return [`${field}|*|${key}`, `${field}|${look.state.group}|${key}`];
};

/** An entity's vote for a value, one per entity, in the interval of the minute it first met it. */
function vote(look: Look, news: News, amount: 1 | -1): void {
  const { context, window } = look;
  const at = window.day * DAY + news.minute * MINUTE - window.offset;
  for (const key of voteKeys(look, news.field, news.hash)) {
    context.contribute("baseline.peers", key, amount, at);
  }
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
    window.news.splice(last, 1);
    window.met[latest.field] = (window.met[latest.field] as number) - 1;
  }
  window.news.push(news);
  window.met[news.field] = (window.met[news.field] as number) + 1;
  return true;
}

interface Rarity {
  readonly bucket: number;
  readonly peers: number;
}

/** How common a value is among peers at the event's time; the entity's own vote is not there yet. */
function rarityOf(look: Look, field: number, hash: number): Rarity {
  const table = look.context.shared("baseline.peers");
  const [all, group] = voteKeys(look, field, hash) as [string, string];
  const peers = table.get(group);
  return { bucket: rarityBucket(peers, table.get(all)), peers };
}

function label(look: Look, news: News, peers: number): void {
  const { labels } = look.window;
  const text = (look.values[news.field] as string)
    .slice(0, LABEL_LENGTH)
    .replaceAll(UNQUOTABLE, "?");
  labels.push({ field: news.field, text, bucket: news.bucket, peers });
  labels.sort((left, right) => left.bucket - right.bucket);
  if (labels.length > LABELS) labels.pop();
}

/**
 * A value this entity has never shown before today. When an earlier event with it comes after, the
 * value counts from there.
 */
function meet(look: Look, field: number): boolean {
  const { window, context, state, minute } = look;
  const hash = look.hashes[field] as number;
  const known = window.news.find((entry) => entry.field === field && entry.hash === hash);
  if (known !== undefined) {
    if (minute >= known.minute) return false;
    vote(look, known, -1);
    known.minute = minute;
    known.bucket = rarityOf(look, field, hash).bucket;
    vote(look, known, 1);
    return true;
  }
  const { bucket, peers } = rarityOf(look, field, hash);
  const news: News = { field, hash, minute, bucket };
  if (!enter(look, news)) return false;
  if ((window.met[field] as number) <= COMMON_CAP) {
    tellCommon(context, state.group, window.day, commonKey(field));
  }
  vote(look, news, 1);
  label(look, news, peers);
  addEvidence(window, 2 + 1 / (1 + bucket), evidenceOf(look.event));
  return true;
}

function lookUp(look: Look): void {
  const { event, context, window, state, values, hashes, slots } = look;
  valuesOf(event, values);
  for (let field = 0; field < FIELDS; field++) {
    const value = values[field];
    const hash = value === undefined ? 0 : hash32(value, field) || 1;
    hashes[field] = hash;
    slots[field] = hash === 0 ? -1 : findSlot(state, field, hash);
  }
  const ip = event["source.ip"];
  look.activity = classOf(event);
  look.weight = Math.max(1, Math.min(100_000, Math.floor(event["event.repeat_count"] ?? 1)));
  look.failed = event["event.outcome"] === "failure";
  const local = context.at + context.zoneOffsetMs - window.day * DAY;
  look.minute = Math.max(0, Math.min(1439, Math.floor(local / MINUTE)));
  look.hour = Math.floor(look.minute / 60);
  look.fromOutside = ip !== undefined && !isPrivate(ip) && event["event.outcome"] === "success";
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

function noteBytes(look: Look): void {
  const { window, event } = look;
  const bytes = bytesOf(event);
  if (bytes === 0) return;
  window.bytes += bytes;
  window.upload += uploadOf(event);
  window.byteEvents += 1;
  window.logBytes += Math.round(1000 * Math.log1p(bytes));
}

function noteClass(look: Look): void {
  const { window, activity, weight, context } = look;
  const before = window.classes[activity] as number;
  if (before === 0) tellSeen(context, window.day, activity);
  window.classes[activity] = before + weight;
}

/** Growth of a day's events and bytes that calls for scoring it again. */
const GROWN = 1.65;

/**
 * Takes one event into its day. Returns whether anything happened that could make the day much odder,
 * so that scoring runs for few events only.
 */
export function observe(
  state: BaselineState,
  window: Window,
  of: {
    readonly event: Event;
    readonly context: Context;
    readonly know: Knowledge;
    readonly look: Look;
  },
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
  if (!look.failed) {
    for (let field = 0; field < FIELDS; field++) {
      if (look.hashes[field] === 0) continue;
      const slot = look.slots[field] as number;
      if (slot >= 0) touchSlot(state, slot, window.day);
      else material = meet(look, field) || material;
    }
  }
  noteBytes(look);
  for (const [feature, own] of noting) material = feature.note(look, own) || material;
  return material || window.count + window.byteEvents >= GROWN * window.scoredAt + 8;
}
