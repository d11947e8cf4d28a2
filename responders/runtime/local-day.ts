/** No zone has a midnight or a change of its offset off the quarter hour. */
const SLOT = 900_000;
const KEPT = 4_096;

/**
 * The calendar day (YYYY-MM-DD) of an instant, epoch ms, in an IANA zone.
 * @throws RangeError for a zone that the platform does not know.
 */
export function createLocalDay(timezone: string): (at: number) => string {
  // Swedish writes dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone });
  const known = new Map<number, string>();
  return (at) => {
    const slot = Math.floor(at / SLOT);
    const before = known.get(slot);
    if (before !== undefined) return before;
    if (known.size >= KEPT) known.clear();
    const day = format.format(slot * SLOT);
    known.set(slot, day);
    return day;
  };
}
