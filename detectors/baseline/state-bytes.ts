import type { Evidence } from "../detector.ts";
import type { Early } from "./early.ts";
import { FIELDS, slotEnd, slotStart } from "./fields.ts";
import { type BaselineState, initState, openWindow, type Window } from "./state.ts";

/**
 * State as bytes, little-endian as is every platform this runs on: a format number, then sections
 * with their lengths. A state with fewer numbers than this version keeps reads as if the rest had
 * never been learned, so that a feature appended to the list needs no migration.
 */
const FORMAT = 2;

class Writer {
  private readonly parts: Uint8Array[] = [];
  section(bytes: Uint8Array): void {
    const length = Buffer.alloc(2);
    length.writeUInt16LE(bytes.byteLength);
    this.parts.push(length, bytes);
  }
  done(): Uint8Array {
    return Buffer.concat([Buffer.from([FORMAT]), ...this.parts]);
  }
}

class Reader {
  private at = 1;
  private readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
  section(): Buffer {
    const length = this.bytes.readUInt16LE(this.at);
    const start = this.at + 2;
    this.at = start + length;
    return this.bytes.subarray(start, this.at);
  }
}

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

const raw = (numbers: Numbers): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/** Numbers without the zeros: a bit for each, then those that are not 0. */
function sparse(numbers: Numbers): Uint8Array {
  const size = numbers.BYTES_PER_ELEMENT;
  const mask = Buffer.alloc(Math.ceil(numbers.length / 8));
  const bytes = raw(numbers);
  const kept: Uint8Array[] = [mask];
  numbers.forEach((number, index) => {
    if (number === 0) return;
    mask[index >> 3] = (mask[index >> 3] as number) | (1 << (index & 7));
    kept.push(bytes.subarray(index * size, (index + 1) * size));
  });
  const count = Buffer.alloc(2);
  count.writeUInt16LE(numbers.length);
  return Buffer.concat([count, ...kept]);
}

function readSparse(section: Buffer, into: Numbers): number {
  const count = section.readUInt16LE(0);
  const size = into.BYTES_PER_ELEMENT;
  const bytes = raw(into);
  let at = 2 + Math.ceil(count / 8);
  for (let index = 0; index < count; index++) {
    if (((section[2 + (index >> 3)] as number) & (1 << (index & 7))) === 0) continue;
    if (index < into.length) bytes.set(section.subarray(at, at + size), index * size);
    at += size;
  }
  return at;
}

/** Values by field, each field led by how many it has. */
function packSlots(state: BaselineState): Uint8Array {
  const parts: Buffer[] = [];
  for (let field = 0; field < FIELDS; field++) {
    const entries: Buffer[] = [];
    for (let index = slotStart[field] as number; index < (slotEnd[field] as number); index++) {
      if (state.marks[index] === 0) continue;
      const entry = Buffer.alloc(6);
      entry.writeUInt32LE(state.hashes[index] as number, 0);
      entry.writeUInt16LE(state.marks[index] as number, 4);
      entries.push(entry);
    }
    parts.push(Buffer.from([entries.length]), ...entries);
  }
  return Buffer.concat(parts);
}

function unpackSlots(section: Buffer, state: BaselineState): void {
  let at = 0;
  for (let field = 0; field < FIELDS && at < section.length; field++) {
    const count = section.readUInt8(at);
    at += 1;
    for (let index = 0; index < count; index++, at += 6) {
      const slot = (slotStart[field] as number) + index;
      if (slot >= (slotEnd[field] as number)) continue;
      state.hashes[slot] = section.readUInt32LE(at);
      state.marks[slot] = section.readUInt16LE(at + 4);
    }
  }
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

function packEarly(early: readonly Early[]): Uint8Array {
  const parts = early.map(({ rank, hashes, flags, minute, weight, sent }) => {
    const head = Buffer.alloc(18);
    head.writeUInt32LE(rank, 0);
    head.writeUInt8(flags, 4);
    head.writeUInt8(minute, 5);
    head.writeUInt32LE(weight, 6);
    head.writeDoubleLE(sent, 10);
    return [head, sparse(hashes)];
  });
  return Buffer.concat(parts.flat());
}

function unpackEarly(section: Buffer): Early[] {
  const early: Early[] = [];
  for (let at = 0; at < section.length;) {
    const hashes = new Uint32Array(FIELDS);
    const head = section.subarray(at, at + 18);
    at += 18 + readSparse(section.subarray(at + 18), hashes);
    early.push({
      rank: head.readUInt32LE(0),
      hashes,
      flags: head.readUInt8(4),
      minute: head.readUInt8(5),
      weight: head.readUInt32LE(6),
      sent: head.readDoubleLE(10),
    });
  }
  return early;
}

function packWindow(writer: Writer, window: Window | undefined): void {
  if (window === undefined) {
    writer.section(new Uint8Array(0));
    return;
  }
  const { day, offset, count, bytes, upload, byteEvents, logBytes, hours, absence } = window;
  const { scoredAt, greatest, alerts, alertedP } = window;
  const numbers = [day, offset, count, bytes, upload, byteEvents, logBytes, hours, absence];
  writer.section(raw(Float64Array.from([...numbers, scoredAt, greatest, alerts, alertedP])));
  writer.section(sparse(window.classes));
  writer.section(sparse(window.seen));
  writer.section(sparse(window.sums));
  const news = Buffer.alloc(window.news.length * 8);
  window.news.forEach((entry, index) => {
    news.writeUInt8(entry.field, index * 8);
    news.writeUInt32LE(entry.hash, index * 8 + 1);
    news.writeUInt16LE(entry.minute, index * 8 + 5);
    news.writeUInt8(entry.bucket, index * 8 + 7);
  });
  writer.section(news);
  writer.section(window.met);
  writer.section(packEarly(window.early));
  const { labels, evidence, sourceIp } = window;
  writer.section(
    Buffer.from(
      JSON.stringify([
        labels.map(({ field, text, bucket, peers }) => [field, text, bucket, peers]),
        evidence.map(packEvidence),
        sourceIp,
      ]),
    ),
  );
}

function unpackWindow(reader: Reader): Window | undefined {
  const head = reader.section();
  if (head.length === 0) return undefined;
  const [day = 0, offset = 0, count, bytes, upload, byteEvents, logBytes, hours, absence, ...rest] =
    Array.from({ length: head.length / 8 }, (_, index) => head.readDoubleLE(index * 8));
  const [scoredAt, greatest, alerts, alertedP] = rest;
  const window = openWindow(day, offset);
  Object.assign(window, { count, bytes, upload, byteEvents, logBytes, hours, absence });
  Object.assign(window, { scoredAt, greatest, alerts, alertedP });
  readSparse(reader.section(), window.classes);
  readSparse(reader.section(), window.seen);
  readSparse(reader.section(), window.sums);
  const news = reader.section();
  for (let at = 0; at < news.length; at += 8) {
    window.news.push({
      field: news.readUInt8(at),
      hash: news.readUInt32LE(at + 1),
      minute: news.readUInt16LE(at + 5),
      bucket: news.readUInt8(at + 7),
    });
  }
  window.met.set(reader.section().subarray(0, FIELDS));
  window.early = unpackEarly(reader.section());
  const [labels, evidence, sourceIp] = JSON.parse(reader.section().toString()) as [
    [number, string, number, number][],
    PackedEvidence[],
    string,
  ];
  window.labels = labels.map(([field, text, bucket, peers]) => ({ field, text, bucket, peers }));
  window.evidence = evidence.map(unpackEvidence);
  window.sourceIp = sourceIp;
  return window;
}

const nibbles = (bytes: Uint8Array): Uint8Array => {
  const packed = new Uint8Array(Math.ceil(bytes.length / 2));
  bytes.forEach((value, index) => {
    packed[index >> 1] = (packed[index >> 1] as number) | (value << (4 * (index & 1)));
  });
  return packed;
};

export function encodeState(state: BaselineState): Uint8Array {
  const writer = new Writer();
  writer.section(packSlots(state));
  writer.section(sparse(state.models));
  writer.section(sparse(state.hours));
  writer.section(sparse(state.exceed));
  writer.section(nibbles(state.lags));
  writer.section(sparse(state.sessions));
  writer.section(Buffer.from(state.group));
  writer.section(raw(Float64Array.of(state.born)));
  packWindow(writer, state.today);
  packWindow(writer, state.yesterday);
  return writer.done();
}

export function decodeState(input: Uint8Array): BaselineState {
  const reader = new Reader(Buffer.from(input.buffer, input.byteOffset, input.byteLength));
  const state = initState();
  unpackSlots(reader.section(), state);
  readSparse(reader.section(), state.models);
  readSparse(reader.section(), state.hours);
  readSparse(reader.section(), state.exceed);
  const lags = reader.section();
  for (let index = 0; index < Math.min(state.lags.length, 2 * lags.length); index++) {
    state.lags[index] = ((lags[index >> 1] as number) >> (4 * (index & 1))) & 15;
  }
  readSparse(reader.section(), state.sessions);
  state.group = reader.section().toString();
  state.born = reader.section().readDoubleLE(0);
  state.today = unpackWindow(reader);
  state.yesterday = unpackWindow(reader);
  return state;
}
