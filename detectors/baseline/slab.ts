/**
 * Room for many small typed arrays in few large buffers: a buffer of its own for each would cost the
 * collector more than the numbers in it. A buffer goes when all that was cut from it has gone.
 */
const SLAB_BYTES = 1 << 18;

/** Cuts zeroed arrays from large buffers; each holds fewer bytes than a slab. */
export interface Slabs {
  u8(length: number): Uint8Array;
  u16(length: number): Uint16Array;
  u32(length: number): Uint32Array;
  f32(length: number): Float32Array;
  f64(length: number): Float64Array;
}

const eights = (bytes: number): number => (bytes + 7) & ~7;

function createSlabs(): Slabs {
  let slab = new ArrayBuffer(SLAB_BYTES);
  let used = 0;
  const take = (bytes: number): number => {
    if (used + bytes > SLAB_BYTES) {
      slab = new ArrayBuffer(SLAB_BYTES);
      used = 0;
    }
    const at = used;
    used += eights(bytes);
    return at;
  };
  // The place is taken first: it may be in a new slab.
  const cut =
    <Numbers>(make: (at: number, length: number) => Numbers, size: number) =>
    (length: number): Numbers =>
      make(take(size * length), length);
  return {
    u8: cut((at, length) => new Uint8Array(slab, at, length), 1),
    u16: cut((at, length) => new Uint16Array(slab, at, length), 2),
    u32: cut((at, length) => new Uint32Array(slab, at, length), 4),
    f32: cut((at, length) => new Float32Array(slab, at, length), 4),
    f64: cut((at, length) => new Float64Array(slab, at, length), 8),
  };
}

/** States live for months, windows for a day: they share no slab, or a state would keep dead windows. */
export const stateSlabs = createSlabs();
export const windowSlabs = createSlabs();
