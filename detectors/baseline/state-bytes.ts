import type { Evidence } from "../detector.ts";
import {
  type BaselineState,
  initState,
  type News,
  openWindow,
  SLOTS,
  type Window,
} from "./layout.ts";

const keys = Object.keys(openWindow(0, 0)) as (keyof Window)[];

/** New values as field, hash and bucket in six bytes each, base64. */
function packNews(news: readonly News[]): string {
  const bytes = Buffer.alloc(news.length * 6);
  news.forEach(([field, hash, bucket], index) => {
    bytes.writeUInt8(field, index * 6);
    bytes.writeUInt32LE(hash, index * 6 + 1);
    bytes.writeUInt8(bucket, index * 6 + 5);
  });
  return bytes.toString("base64");
}

function unpackNews(text: string): News[] {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: bytes.length / 6 }, (_, index): News => [
    bytes.readUInt8(index * 6),
    bytes.readUInt32LE(index * 6 + 1),
    bytes.readUInt8(index * 6 + 5),
  ]);
}

type PackedEvidence = [weight: number, id: string, dataset: string, flags: number];

const packEvidence = ([weight, evidence]: [number, Evidence]): PackedEvidence => [
  weight,
  evidence.id,
  evidence.dataset,
  (evidence.success ? 1 : 0) + (evidence.authenticated ? 2 : 0),
];

const unpackEvidence = ([weight, id, dataset, flags]: PackedEvidence): [number, Evidence] => [
  weight,
  { id, dataset, success: (flags & 1) !== 0, authenticated: (flags & 2) !== 0 },
];

/** A window as its values in the order of `openWindow`, 0 for none. */
function packWindow(window: Window | undefined): unknown {
  if (window === undefined) return 0;
  return keys.map((key) => {
    if (key === "news") return packNews(window.news);
    return key === "evidence" ? window.evidence.map(packEvidence) : window[key];
  });
}

function unpackWindow(packed: unknown): Window | undefined {
  if (!Array.isArray(packed)) return undefined;
  const window = Object.fromEntries(keys.map((key, index) => [key, packed[index] as unknown]));
  window["news"] = unpackNews(window["news"] as string);
  window["evidence"] = (window["evidence"] as PackedEvidence[]).map(unpackEvidence);
  return window as unknown as Window;
}

/**
 * State as bytes: used slots (u8 index, u32 hash, u16 mark), learned numbers as f32 (all
 * little-endian, as is every platform this runs on), counts as u8, then the open windows as JSON.
 */
export function encodeState(state: BaselineState): Uint8Array {
  let used = 0;
  for (let index = 0; index < SLOTS; index++) if (state.marks[index] !== 0) used++;
  const tail = Buffer.from(
    JSON.stringify([
      state.group,
      state.sessions,
      packWindow(state.today),
      packWindow(state.yesterday),
    ]),
  );
  const { models, exceed, lags } = state;
  const size = 1 + used * 7 + models.byteLength + exceed.length + lags.length + tail.length;
  const bytes = Buffer.alloc(size);
  let at = bytes.writeUInt8(used, 0);
  for (let index = 0; index < SLOTS; index++) {
    if (state.marks[index] === 0) continue;
    at = bytes.writeUInt8(index, at);
    at = bytes.writeUInt32LE(state.hashes[index] as number, at);
    at = bytes.writeUInt16LE(state.marks[index] as number, at);
  }
  bytes.set(new Uint8Array(models.buffer), at);
  at += models.byteLength;
  bytes.set(exceed, at);
  bytes.set(lags, at + exceed.length);
  bytes.set(tail, at + exceed.length + lags.length);
  return bytes;
}

export function decodeState(input: Uint8Array): BaselineState {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const state = initState();
  const used = bytes.readUInt8(0);
  let at = 1;
  for (let count = 0; count < used; count++, at += 7) {
    const index = bytes.readUInt8(at);
    state.hashes[index] = bytes.readUInt32LE(at + 1);
    state.marks[index] = bytes.readUInt16LE(at + 5);
  }
  const { models, exceed, lags } = state;
  new Uint8Array(models.buffer).set(bytes.subarray(at, at + models.byteLength));
  at += models.byteLength;
  exceed.set(bytes.subarray(at, at + exceed.length));
  at += exceed.length;
  lags.set(bytes.subarray(at, at + lags.length));
  at += lags.length;
  const tail = JSON.parse(bytes.toString("utf8", at)) as [
    string,
    BaselineState["sessions"],
    unknown,
    unknown,
  ];
  state.group = tail[0];
  state.sessions = tail[1];
  state.today = unpackWindow(tail[2]);
  state.yesterday = unpackWindow(tail[3]);
  return state;
}
