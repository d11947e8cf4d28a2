/** State as JSON bytes; numbers survive exactly, because JSON writes the shortest text that reads back equal. */
export const encodeJson = (state: unknown): Uint8Array => Buffer.from(JSON.stringify(state));

export const decodeJson = (bytes: Uint8Array): unknown =>
  JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
