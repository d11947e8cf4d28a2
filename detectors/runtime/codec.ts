/** State as UTF-8 JSON: the default codec. State must be plain JSON (no Map, Set, NaN or undefined). */
export function jsonCodec<State>(): {
  readonly encode: (state: State) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => State;
} {
  return {
    encode: (state) => Buffer.from(JSON.stringify(state)),
    decode: (bytes) => {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
      const state: State = JSON.parse(text);
      return state;
    },
  };
}
