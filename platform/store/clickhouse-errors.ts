import { ClickHouseError } from "@clickhouse/client";
import { errorText, MetsukeError } from "../errors.ts";

/**
 * Codes that pass by themselves: too many statements or parts, network, a read-only or full table,
 * a server that stops. Names: `src/Common/ErrorCodes.cpp` of ClickHouse.
 */
const PASSING = new Set([
  202, 209, 210, 225, 236, 242, 243, 252, 279, 285, 319, 439, 499, 999, 1002,
]);
/** Of an insert these do not mean that the rows are wrong: time, memory, cancelled. */
const PASSING_FOR_INSERT = new Set([159, 241, 394]);

/** READONLY and ACCESS_DENIED: the statement is more than a query. */
const NOT_A_QUERY = new Set([164, 497]);

/** An error of the client as one of ours. @param isInsert Rows are never to blame for a full server. */
export function storeError(error: unknown, isInsert: boolean): MetsukeError {
  if (error instanceof MetsukeError) return error;
  if (error instanceof ClickHouseError) {
    const code = Number(error.code);
    const passing = PASSING.has(code) || (isInsert && PASSING_FOR_INSERT.has(code));
    const text = `Code: ${error.code}. ${error.type ?? ""}: ${error.message}`;
    const options = { retryable: passing, cause: error };
    if (passing) return new MetsukeError("METSUKE_STORE_UNAVAILABLE", text, options);
    const refused = NOT_A_QUERY.has(code) ? "METSUKE_QUERY_REFUSED" : "METSUKE_STORE_REFUSED";
    return new MetsukeError(refused, text, options);
  }
  return new MetsukeError("METSUKE_STORE_UNAVAILABLE", errorText(error), {
    retryable: true,
    cause: error,
  });
}
