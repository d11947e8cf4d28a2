import type { Evidence } from "../detector.ts";
import type { Early } from "./early.ts";
import { CLASSES, FIELDS, SLOTS } from "./fields.ts";
import { MEMORY, SUMS } from "./features/index.ts";
import { Model, SESSION, SESSIONS } from "./model.ts";
import { stateSlabs, windowSlabs } from "./slab.ts";
import { BINS, LAGS, STREAMS } from "./streams.ts";

export const MODELS = Model.features + MEMORY;

/**
 * A value first met today: field, hash, minute of the day it was first met, how common it was among
 * peers then (`rarityBucket`).
 */
export interface News {
  readonly field: number;
  readonly hash: number;
  minute: number;
  bucket: number;
}

export interface Label {
  readonly field: number;
  readonly text: string;
  readonly bucket: number;
  readonly peers: number;
}

/** One local day. Sums, maxima and sets only, so that the order of its events is nothing. */
export interface Window {
  readonly day: number;
  /** Offset of the zone in ms. */
  readonly offset: number;
  count: number;
  /** Events by class of activity, and the minute of the first of each plus one, 0 for none. */
  readonly classes: Uint32Array;
  readonly seen: Uint16Array;
  bytes: number;
  upload: number;
  /** Events with bytes, and the sum of ln(1 + bytes) of them in thousandths. */
  byteEvents: number;
  logBytes: number;
  /** Bit per local hour. */
  hours: number;
  /** Days since the entity was last active before, 0 if never. */
  absence: number;
  /** Features' own numbers. */
  readonly sums: Float64Array;
  news: News[];
  /** New values by field, as many as `news` has of them. */
  readonly met: Uint8Array;
  /** Events that wait until the day before is learned. */
  early: Early[];
  labels: Label[];
  /** Count at the last scoring in the day; greatest T of those, in 1e-4. */
  scoredAt: number;
  greatest: number;
  alerts: number;
  alertedP: number;
  /** Weight, event. Lightest first. */
  evidence: [weight: number, evidence: Evidence][];
  sourceIp: string;
}

export const openWindow = (day: number, offset: number): Window => ({
  day,
  offset,
  count: 0,
  classes: windowSlabs.u32(CLASSES),
  seen: new Uint16Array(CLASSES),
  bytes: 0,
  upload: 0,
  byteEvents: 0,
  logBytes: 0,
  hours: 0,
  absence: 0,
  sums: windowSlabs.f64(SUMS),
  news: [],
  met: windowSlabs.u8(FIELDS),
  early: [],
  labels: [],
  scoredAt: 0,
  greatest: 0,
  alerts: 0,
  alertedP: 1,
  evidence: [],
  sourceIp: "",
});

export interface BaselineState {
  readonly hashes: Uint32Array;
  /** 0 = free, else quarantine bit, last day (mod 1024) × 32, days seen (1–31). */
  readonly marks: Uint16Array;
  readonly models: Float32Array;
  /** Active hours by day type, 24 each, in 1/1024 of a day. */
  readonly hours: Uint16Array;
  /** Days by stream and bin of exceedance. */
  readonly exceed: Uint8Array;
  /** Bins of the last ten active days, which do not count yet. */
  readonly lags: Uint8Array;
  readonly sessions: Uint32Array;
  group: string;
  /** Epoch ms of the first event that could create state; Infinity before it. */
  born: number;
  today: Window | undefined;
  yesterday: Window | undefined;
}

export const initState = (): BaselineState => ({
  hashes: stateSlabs.u32(SLOTS),
  marks: stateSlabs.u16(SLOTS),
  models: stateSlabs.f32(MODELS),
  hours: stateSlabs.u16(48),
  exceed: stateSlabs.u8(STREAMS * BINS),
  lags: stateSlabs.u8(STREAMS * LAGS),
  sessions: stateSlabs.u32(SESSIONS * SESSION),
  group: "",
  born: Number.POSITIVE_INFINITY,
  today: undefined,
  yesterday: undefined,
});
