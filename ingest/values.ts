import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

const absentWords = new Set([
  "",
  "-",
  "N/A",
  "n/a",
  "(null)",
  "null",
  "NULL",
  "<nil>",
  "undefined",
]);

/** Text of a scalar; undefined for the words by which sources say "nothing". */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return absentWords.has(value) ? undefined : value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return undefined;
}

/** Safe integer of a number or of decimal or `0x` text. */
export function integerOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== "string" || !/^(?:[+-]?\d{1,16}|0x[\da-fA-F]{1,13})$/.test(value)) {
    return undefined;
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

export function decimalOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !/^[+-]?\d{1,20}(?:\.\d{1,30})?$/.test(value)) return undefined;
  return Number(value);
}

const flags: Readonly<Record<string, boolean>> = Object.assign(
  Object.create(null) as Record<string, boolean>,
  { true: true, yes: true, "1": true, false: false, no: false, "0": false },
);

/** True, false, or undefined for "not said". */
export function flagOf(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = textOf(value);
  return text === undefined ? undefined : flags[text.toLowerCase()];
}

/** An address in its one spelling: IPv4-mapped IPv6 as IPv4, IPv6 as RFC 5952, zone dropped. */
export function ipOf(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > 64) return undefined;
  if (isIPv4(value)) return value;
  const zone = value.indexOf("%");
  const text = zone === -1 ? value : value.slice(0, zone);
  if (!isIPv6(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress()
    ? address.toIPv4Address().toString()
    : address.toRFC5952String();
}

/** A port 0–65535. */
export function portOf(value: unknown): number | undefined {
  const port = integerOf(value);
  return port !== undefined && port >= 0 && port <= 65_535 ? port : undefined;
}

/** C0 but the tab, DEL and C1. */
const isControl = (code: number): boolean => (code < 32 ? code !== 9 : code >= 127 && code < 160);

const escapes: readonly string[] = Array.from({ length: 160 }, (_, code) =>
  code === 10 ? "\\n" : `\\u{${code.toString(16)}}`,
);

/**
 * Control characters as visible text (`\n`, `\u{1b}`), the tab kept. They are not dropped, so that two
 * names that differ in one stay two names.
 */
export function visible(text: string): string {
  let shown = "";
  let from = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!isControl(code)) continue;
    shown += text.slice(from, index) + escapes[code]!;
    from = index + 1;
  }
  return from === 0 ? text : shown + text.slice(from);
}

const loneSurrogate = /\p{Surrogate}/gu;

/** Half characters, which UTF-8 cannot carry, as visible text. */
export const wellFormed = (text: string): string =>
  text.replace(loneSurrogate, (half) => `\\u${half.charCodeAt(0).toString(16)}`);

/** JSON text of what has no field of its own; undefined when nothing is left. */
export function attributesOf(rest: Readonly<Record<string, unknown>>): string | undefined {
  const keys = Object.keys(rest);
  if (keys.every((key) => rest[key] === null || rest[key] === undefined)) return undefined;
  for (const key of keys) if (rest[key] === null) return JSON.stringify(withoutNulls(rest));
  return JSON.stringify(rest);
}

const withoutNulls = (rest: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
