import { type BaselineState, initState, SLOTS } from "./layout.ts";

/**
 * State as bytes: used slots (u8 index, u32 hash, u16 mark), learned numbers as f32 (all
 * little-endian, as is every platform this runs on), counts as u8, then the open windows as JSON.
 */
export function encodeState(state: BaselineState): Uint8Array {
  let used = 0;
  for (let index = 0; index < SLOTS; index++) if (state.marks[index] !== 0) used++;
  const tail = Buffer.from(
    JSON.stringify([state.group, state.sessions, state.today ?? 0, state.yesterday ?? 0]),
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
    BaselineState["today"] | 0,
    BaselineState["yesterday"] | 0,
  ];
  state.group = tail[0];
  state.sessions = tail[1];
  state.today = tail[2] === 0 ? undefined : tail[2];
  state.yesterday = tail[3] === 0 ? undefined : tail[3];
  return state;
}
