import { contentOf } from "./raw-record.ts";
import { hash128 } from "../schemas/ids.ts";

/** What an id is made of, whichever kind it is. */
export interface IdParts {
  readonly tenant: string;
  readonly dataset: string;
  readonly timeAsWritten: string;
  /** Position among the events of one record: 0 for the first or only one. */
  readonly index: number;
}

const positions = (index: number): readonly string[] => (index === 0 ? [] : [String(index)]);

/** With an id of the source: who, whence and how are part of it, so that a chosen id suppresses nothing else. */
export const idFromNative = (
  parts: IdParts,
  of: {
    readonly nativeId: string;
    readonly user: string;
    readonly source: string;
    readonly outcome: string;
  },
): string =>
  hash128(
    "native",
    parts.tenant,
    parts.dataset,
    of.nativeId,
    parts.timeAsWritten,
    of.user,
    of.source,
    of.outcome,
    ...positions(parts.index),
  );

/** Without one: the bytes, and how many equal records came before in the same delivery. */
export const idFromBytes = (
  parts: IdParts,
  of: {
    readonly sender: string;
    readonly original: string;
    readonly encoding: string;
    readonly ordinal: number;
  },
): string =>
  hash128(
    "bytes",
    parts.tenant,
    parts.dataset,
    of.sender,
    of.original,
    of.encoding,
    parts.timeAsWritten,
    String(of.ordinal),
    ...positions(parts.index),
  );

/**
 * Counts equal records among the last `window`: 0 for the first. One per delivery, or per connection
 * or file for as long as that lasts.
 */
export function createOrdinals(window = Number.POSITIVE_INFINITY): (record: Buffer) => number {
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  return (framed) => {
    const record = contentOf(framed);
    // Short records are their own key; a hash keeps long ones from holding memory.
    const key =
      record.length <= 32 ? record.toString("latin1") : hash128(record.toString("latin1"));
    const before = young.get(key) ?? old.get(key);
    const ordinal = before === undefined ? 0 : before + 1;
    young.set(key, ordinal);
    if (young.size >= window) {
      old = young;
      young = new Map();
    }
    return ordinal;
  };
}
