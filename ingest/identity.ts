import type { Event } from "../schemas/event.ts";

const MAX_FOLDED = 1_024;
const asciiOnly = /^[\0-\x7f]*$/;
/** Accounts that Windows itself is, in English or by SID, whoever names them. */
const windowsNames =
  /^(?:system|local service|network service|anonymous logon|iusr|dwm-\d+|umfd-\d+)$/;
const windowsSids = new Set(["S-1-5-7", "S-1-5-17", "S-1-5-18", "S-1-5-19", "S-1-5-20"]);
const windowsDomains = /^(?:nt authority|window manager|font driver host)$/i;

/**
 * Folds case and nothing else: a character becomes its simple lower case only if that leads back, so
 * that K (U+212A) does not become the letter k, and a look-alike never shares an account.
 */
export function foldName(name: string): string {
  if (asciiOnly.test(name)) return name.toLowerCase();
  // No directory has names this long: folding them would only cost time.
  if (name.length > MAX_FOLDED) return name;
  let folded = "";
  for (const character of name) {
    const lower = character.toLowerCase();
    folded +=
      lower.length === character.length && lower.toUpperCase() === character ? lower : character;
  }
  return folded;
}

function isService(event: Partial<Event>, name: string): boolean {
  if (name.endsWith("$")) return true;
  if (windowsSids.has(event["user.id"] ?? "")) return true;
  const windows =
    (event["event.dataset"] ?? "").startsWith("windows.") ||
    windowsDomains.test(event["user.domain"] ?? "");
  return windows && windowsNames.test(name);
}

export interface Identity {
  readonly id: string;
  readonly type: "user" | "service";
}

/**
 * The account an event resolves to: its folded name (else e-mail address), with the dataset's identity
 * domain where one is configured.
 */
export function identityOf(
  event: Partial<Event>,
  domains: Readonly<Record<string, string>>,
): Identity | undefined {
  const name = event["user.name"] ?? event["user.email"];
  if (name === undefined || name === "") return undefined;
  const folded = foldName(name);
  const type = isService(event, folded) ? "service" : "user";
  const dataset = event["event.dataset"] ?? "";
  const domain = Object.hasOwn(domains, dataset) ? domains[dataset]?.toLowerCase() : undefined;
  const whole = domain === undefined || folded.endsWith(`@${domain}`);
  return { id: whole ? folded : `${folded}@${domain}`, type };
}
