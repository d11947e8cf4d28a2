/** Offset of a zone at an instant, both in ms. */
export type Zones = (zone: string) => (at: number) => number;

export interface TimeContext {
  /** Epoch ms of arrival: a missing year is chosen against it. */
  readonly arrivedAt: number;
  readonly offset: (at: number) => number;
}

const DAY = 86_400_000;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const iso =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)? ?(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/;
const bsd =
  /^([A-Z][a-z]{2}) {1,2}(\d{1,2})(?: (\d{4}))? (\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?(?: (\d{4}))?$/;
const epoch = /^(\d{9,19})(?:\.(\d{1,18}))?$/;

/** Offsets of IANA zones, one formatter per zone, one computation per hour of local time. */
export function createZones(): Zones {
  const zones = new Map<string, (at: number) => number>();
  return (zone) => {
    let offset = zones.get(zone);
    if (offset === undefined) {
      offset = zone === "UTC" ? () => 0 : zoneOffset(zone);
      zones.set(zone, offset);
    }
    return offset;
  };
}

/** Throws RangeError for a name that is no IANA zone. */
function zoneOffset(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const known = new Map<number, number>();
  return (at) => {
    // Zones change on a quarter of an hour.
    const slot = Math.floor(at / 900_000);
    const before = known.get(slot);
    if (before !== undefined) return before;
    if (known.size > 10_000) known.clear();
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(slot * 900_000)) part[type] = Number(value);
    const local = Date.UTC(
      part["year"]!,
      part["month"]! - 1,
      part["day"]!,
      part["hour"]!,
      part["minute"]!,
      part["second"]!,
    );
    const value = local - slot * 900_000;
    known.set(slot, value);
    return value;
  };
}

export function isTimezone(zone: string): boolean {
  try {
    zoneOffset(zone);
    return true;
  } catch {
    return false;
  }
}

/** RFC 3339 text of a second and its fraction as the source wrote it (3 to 9 digits). */
const written = (ms: number, fraction = ""): string =>
  `${new Date(ms).toISOString().slice(0, 19)}.${fraction.slice(0, 9).padEnd(3, "0")}Z`;

/** Years that both a four-digit text and ClickHouse's DateTime64 hold. */
const representable = (ms: number): boolean => ms >= -2_208_988_800_000 && ms < 10_413_792_000_000;

const zoneless = (local: number, offset: (at: number) => number): number =>
  local - offset(local - offset(local));

const daysIn = (year: number, month: number): number =>
  month === 2
    ? (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
      ? 29
      : 28
    : month === 4 || month === 6 || month === 9 || month === 11
      ? 30
      : 31;

function utc(fields: readonly number[]): number | undefined {
  const [year, month, day, hour, minute, second] = fields as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // 60 is a leap second: it counts as the second after.
  if (year < 1900 || hour > 23 || minute > 59 || second > 60) return undefined;
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) ? at : undefined;
}

function offsetOf(zone: string): number | undefined {
  if (!zone.startsWith("+") && !zone.startsWith("-")) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2)) * (zone.length > 3 ? 1 : 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function fromIso(match: RegExpExecArray, context: TimeContext): string | undefined {
  const local = utc(match.slice(1, 7).map((part) => Number(part ?? 0)));
  if (local === undefined) return undefined;
  const zone = match[8];
  const offset = zone === undefined ? undefined : offsetOf(zone);
  // Already in our form: no need to make it anew.
  const fraction = match[7];
  if (zone === "Z" && match[6] !== "60" && representable(local) && fraction !== undefined) {
    if (fraction.length >= 3 && fraction.length <= 9) {
      return `${match[0].slice(0, 10)}T${match[0].slice(11, 19)}.${fraction}Z`;
    }
  }
  if (zone !== undefined && offset === undefined) return undefined;
  const at = offset === undefined ? zoneless(local, context.offset) : local - offset;
  return representable(at) ? written(at, match[7]) : undefined;
}

/** Without a year: the latest one that puts the time at most a day after arrival. */
function fromBsd(match: RegExpExecArray, context: TimeContext): string | undefined {
  const month = months.indexOf(match[1]!) + 1;
  if (month === 0) return undefined;
  const rest = [month, Number(match[2]), Number(match[4]), Number(match[5]), Number(match[6])];
  const given = match[3] ?? match[8];
  const latest = given === undefined ? yearOf(context.arrivedAt) + 1 : Number(given);
  const earliest = given === undefined ? latest - 10 : latest;
  for (let year = latest; year >= earliest; year--) {
    const local = utc([year, ...rest]);
    if (local === undefined) continue;
    const at = zoneless(local, context.offset);
    if (!representable(at)) return undefined;
    if (given !== undefined || at <= context.arrivedAt + DAY) return written(at, match[7]);
  }
  return undefined;
}

const yearOf = (at: number): number => new Date(at).getUTCFullYear();

/** Seconds, milli-, micro- or nanoseconds, told apart by magnitude. */
function fromEpoch(whole: string, fraction: string | undefined): string | undefined {
  const value = Number(whole);
  const digits = value < 1e11 ? 0 : value < 1e14 ? 3 : value < 1e17 ? 6 : 9;
  const cut = whole.length - digits;
  const at = Number(whole.slice(0, cut)) * 1000;
  return representable(at) ? written(at, whole.slice(cut) + (fraction ?? "")) : undefined;
}

/** Any of the forms above as RFC 3339 UTC text in the source's precision; undefined if it is none. */
export function readTime(value: string, context: TimeContext): string | undefined {
  const text = value.length > 64 ? "" : value.trim();
  const isoMatch = iso.exec(text);
  if (isoMatch !== null) return fromIso(isoMatch, context);
  const bsdMatch = bsd.exec(text);
  if (bsdMatch !== null) return fromBsd(bsdMatch, context);
  const epochMatch = epoch.exec(text);
  return epochMatch === null ? undefined : fromEpoch(epochMatch[1]!, epochMatch[2]);
}

/** Whether a text made here is after another, to the millisecond. */
export const isAfter = (time: string, other: string): boolean =>
  time.slice(0, 23) > other.slice(0, 23);

/** A complete time (zone and year in it) as our text; what lacks either is no time of a field. */
export const readableTime = (text: string | undefined): string | undefined =>
  text === undefined || !/(?:[zZ]|[+-]\d\d:?\d\d)$|^\d[\d.]+$/.test(text)
    ? undefined
    : readTime(text, { arrivedAt: 0, offset: () => 0 });
