import { expect, test } from "vitest";
import { cityHash128 } from "../../../platform/store/engine-host/city-hash.ts";
import { framed } from "../../../platform/store/engine-host/compressed-blocks.ts";

const bytes = (length: number) =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) % 256));

// Values of the Python package clickhouse-cityhash 1.0.2.6, which wraps the original C++.
test.each([
  [0, 82332263323914296566372529678324145705n],
  [3, 65178789257313659002942689948013191469n],
  [7, 102897488735005536065120257587540696016n],
  [8, 212568504405573625985821918933675268282n],
  [15, 26936140832257985644134753332101663833n],
  [16, 104334835823053023268254760559737862087n],
  [17, 320229331459427716520009012797202772398n],
  [33, 183466531449642979606018397056380217414n],
  [143, 46557801270125843119929203128357972117n],
  [144, 206868692672492648449915389750708314376n],
  [1000, 204519656072437341311632479719519194304n],
  [65009, 101659203650795782173707148614075626987n],
])("CityHash128 1.0.2 of %i bytes", (length, want) => {
  const hash = cityHash128(bytes(length));
  expect((hash.readBigUInt64LE(0) << 64n) | hash.readBigUInt64LE(8)).toBe(want);
});

test.each([0, 1, 14, 15, 269, 270, 64_999, 65_000, 65_001, 200_000])(
  "blocks of %i bytes hold them as LZ4 literals",
  (length) => {
    const raw = bytes(length);
    let stream = framed(raw);
    const parts: Buffer[] = [];
    while (stream.length > 0) {
      const size = stream.readUInt32LE(17);
      const block = stream.subarray(16, 16 + size);
      expect(stream.subarray(0, 16)).toEqual(cityHash128(block));
      expect(block[0]).toBe(0x82);
      const rawSize = block.readUInt32LE(5);
      const literals = block.subarray(9);
      parts.push(literals.subarray(literals.length - rawSize));
      expect(headerLength(literals)).toBe(literals.length - rawSize);
      stream = stream.subarray(16 + size);
    }
    expect(Buffer.concat(parts)).toEqual(raw);
  },
);

/** Bytes of the LZ4 token and its length extension. */
function headerLength(literals: Buffer): number {
  if ((literals[0] ?? 0) >> 4 < 15) return 1;
  let at = 1;
  while (literals[at] === 255) at++;
  return at + 1;
}
