/** The analytical store: ClickHouse over HTTP, a server or the embedded engine host. */
export interface Store {
  /** Rows as objects. @throws METSUKE_STORE_UNAVAILABLE (retryable), METSUKE_STORE_REFUSED, METSUKE_QUERY_REFUSED (not allowed to this user). */
  query<Row>(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<Row[]>;
  command(sql: string): Promise<void>;
  /**
   * The result of one query in a ClickHouse output format (a FORMAT in the text wins), as bytes in
   * the order they come. Abandoning the iteration ends the query.
   * @throws METSUKE_QUERY_REFUSED when the statement would change anything.
   */
  queryRaw(sql: string, format: string): Promise<AsyncIterable<Buffer>>;
  /**
   * Inserts NDJSON rows into a physical table. The same `token` with the same rows inserts once;
   * a token MUST NOT be used again for other rows.
   */
  insert(table: string, ndjson: Buffer, token: string): Promise<void>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}
