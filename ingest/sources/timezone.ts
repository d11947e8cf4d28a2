import { MetsukeError } from "../../platform/errors.ts";

/** @throws METSUKE_CONFIG_INVALID when a configured zone is no IANA zone: every record would be a reject. */
export function checkTimezone(source: string, zone: string | undefined): void {
  if (zone === undefined) return;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone }).format(0);
  } catch (cause) {
    const message = `Source ${source}: "${zone}" is no IANA time zone (like Europe/Berlin or UTC).`;
    throw new MetsukeError("METSUKE_CONFIG_INVALID", message, { cause });
  }
}
