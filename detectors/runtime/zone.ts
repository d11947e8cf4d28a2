const SLOT = 900_000;
const KEPT = 4096;

/**
 * Offset in ms of an IANA zone from UTC at an instant (local = UTC + offset). Offsets change only at
 * quarter hours (tz database since 1972), so one answer holds for a quarter.
 * @throws RangeError for a zone that the platform does not know.
 */
export function createZone(timezone: string): (at: number) => number {
  if (timezone === "UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const known = new Map<number, number>();
  let lastSlot = Number.NaN;
  let lastOffset = 0;
  return (at) => {
    const slot = Math.floor(at / SLOT);
    if (slot === lastSlot) return lastOffset;
    let offset = known.get(slot);
    if (offset === undefined) {
      if (known.size >= KEPT) known.clear();
      offset = offsetAt(format, slot * SLOT);
      known.set(slot, offset);
    }
    lastSlot = slot;
    lastOffset = offset;
    return offset;
  };
}

function offsetAt(format: Intl.DateTimeFormat, at: number): number {
  const part = new Map<string, number>();
  for (const { type, value } of format.formatToParts(at)) part.set(type, Number(value));
  const of = (type: string): number => part.get(type) ?? 0;
  const local = Date.UTC(
    of("year"),
    of("month") - 1,
    of("day"),
    of("hour"),
    of("minute"),
    of("second"),
  );
  return local - at;
}
