import type { Event } from "../../../schemas/event.ts";
import { type Random, random } from "../../random.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

type Writable<T> = { -readonly [K in keyof T]: T[K] };
export type Fields = Writable<Partial<Event>>;

/** An event to be, with whose day it belongs to. */
export interface Draft {
  readonly at: number;
  readonly id: string;
  /** Index of the account whose telemetry it is. */
  readonly account: number;
  readonly fields: Fields;
}

/** A page on which one account's events of one working day are written. */
export interface Page {
  readonly account: number;
  readonly day: number;
  /** Epoch ms of the local midnight the day begins at. */
  readonly midnight: number;
  readonly dice: Random;
  readonly drafts: Draft[];
  readonly put: (at: number, fields: Fields) => void;
}

/** A 32-bit permutation (MurmurHash3's finaliser). */
function shuffle32(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const half = Array.from({ length: 65_536 }, (_, index) => index.toString(16).padStart(4, "0"));
const hex = (value: number): string => `${half[value >>> 16]}${half[value & 0xffff]}`;

/** 128-bit ids that differ for every account (< 2²⁰), day (< 4 096) and number, and show none of them. */
export function idsOf(seed: number, account: number, day: number): (number: number) => string {
  const whose = shuffle32(((account << 12) | day) ^ shuffle32(seed));
  const stem = hex(whose) + hex(shuffle32(whose ^ 0x9e3779b9));
  return (number) => {
    const which = shuffle32(number ^ whose);
    return stem + hex(which) + hex(shuffle32(which ^ 0x85157af5));
  };
}

export function openPage(of: {
  readonly seed: number;
  readonly account: number;
  readonly day: number;
  readonly midnight: number;
  /** First number of its ids; pages of one account-day must not overlap. */
  readonly first?: number;
}): Page {
  const { seed, account, day, midnight } = of;
  const idOf = idsOf(seed, account, day);
  const drafts: Draft[] = [];
  let number = of.first ?? 0;
  return {
    account,
    day,
    midnight,
    dice: random(seed, account, day, number),
    drafts,
    put: (at, fields) => {
      drafts.push({ at: Math.floor(at), id: idOf(number++), account, fields });
    },
  };
}

/** Time order; equal times in the order of ids, which says nothing about who wrote them. */
export const byTime = (left: Draft, right: Draft): number =>
  left.at - right.at || (left.id < right.id ? -1 : 1);

export function eventOf(draft: Draft): Event {
  const { fields, at } = draft;
  fields["@timestamp"] = new Date(at).toISOString();
  fields["event.id"] = draft.id;
  // Shippers deliver within one to two seconds.
  const delay = 1000 + (Number.parseInt(draft.id.slice(16, 19), 16) % 1000);
  fields["event.ingested"] = new Date(at + delay).toISOString();
  return fields as Event;
}

/** Yields days of drafts in time order, holding back what a day says of the days after it. */
export function* inOrder(days: Iterable<{ readonly end: number; readonly drafts: Draft[] }>) {
  let later: Draft[] = [];
  for (const { end, drafts } of days) {
    const now: Draft[] = [];
    const held = later;
    later = [];
    for (const list of [held, drafts])
      for (const draft of list) (draft.at < end ? now : later).push(draft);
    for (const draft of now.toSorted(byTime)) yield draft;
  }
  for (const draft of later.toSorted(byTime)) yield draft;
}

/** The local midnight nearest to `start`, for callers that give another zone's. */
export const midnightNear = (start: number, zoneHours: number): number =>
  Math.round((start + zoneHours * HOUR) / DAY) * DAY - zoneHours * HOUR;

export const localDay = (at: number, zoneHours: number): string =>
  new Date(at + zoneHours * HOUR).toISOString().slice(0, 10);

/** A positive draw around `median` with a heavy upper tail; `spread` is the sigma of its logarithm. */
export const around = (dice: Random, median: number, spread: number): number =>
  median * Math.exp(spread * dice.normal());

export function sample<T>(list: readonly T[], count: number, dice: Random): T[] {
  const rest = [...list];
  const taken: T[] = [];
  while (taken.length < count && rest.length > 0) {
    const at = dice.integer(rest.length);
    taken.push(rest[at] as T);
    rest[at] = rest.at(-1) as T;
    rest.pop();
  }
  return taken;
}
