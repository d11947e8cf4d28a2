/**
 * Every error a user can meet, in one table: code → what it means and what to do. The reference
 * page is generated from it.
 */
export const errorCodes = {
  METSUKE_USAGE: "The command line is wrong; the message says what to type instead.",
  METSUKE_CONFIG_INVALID:
    "The configuration has errors; each is listed with file, line and nearest key.",
  METSUKE_POLICY_INVALID: "The policy has errors; each is listed with file, line and nearest key.",
  METSUKE_FILE_UNREADABLE:
    "A file named on the command line or in the configuration cannot be read.",
  METSUKE_FILE_UNWRITABLE:
    "A file or folder named on the command line cannot be written, or the disk is full; fix the path, rights or space.",
  METSUKE_DATA_IN_USE: "Another process holds the data folder; stop it or name another `data_dir`.",
  METSUKE_LOG_UNAVAILABLE:
    "The event log (Kafka, or the data folder) does not answer; it is retried.",
  METSUKE_LOG_CORRUPT: "A record in the log is not what its header says; nothing was skipped.",
  METSUKE_LOG_CODEC:
    "Records of a topic are compressed in a way that cannot be read; set its producers to gzip, snappy or none.",
  METSUKE_STORE_UNAVAILABLE: "ClickHouse does not answer; events wait in the log and are retried.",
  METSUKE_STORE_REFUSED:
    "ClickHouse refused a statement; the message carries its words and number.",
  METSUKE_QUERY_REFUSED: "The statement is not a single read-only query over the store.",
  METSUKE_JOBS_UNAVAILABLE: "The job queue (Redis) does not answer; actions wait in the log.",
  METSUKE_TARGET_UNAVAILABLE: "The identity system does not answer; the attempt is retried.",
  METSUKE_TARGET_REFUSED: "The identity system refused; its words are in the action.",
  METSUKE_DETECTOR_UNSERVED: "A detector keeps state for an entity kind that no topic serves.",
  METSUKE_NOT_FOUND: "Nothing has that id.",
  METSUKE_INSTANCE_UNREACHABLE: "No running instance answers at the socket in the data folder.",
  METSUKE_INTERNAL: "A defect in Metsuke; the process stops and resumes from its checkpoint.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** An error with a code from {@link errorCodes}; `retryable` says whether trying again can help. */
export class MetsukeError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "MetsukeError";
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

export const errorText = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
