import { type Logger, pino } from "pino";

/** Paths whose values never reach a log line. */
export const redactedPaths = [
  "password",
  "secret",
  "token",
  "authorization",
  "client_secret",
  "*.password",
  "*.secret",
  "*.token",
  "*.authorization",
  "*.client_secret",
  "headers.authorization",
  "*.headers.authorization",
];

/** The root logger: JSON lines on `fd` (default standard error), written synchronously so that the last line survives. */
export function createLogger(
  options: { readonly level?: string; readonly fd?: number } = {},
): Logger {
  return pino(
    {
      level: options.level ?? "info",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: redactedPaths, censor: "[redacted]" },
    },
    pino.destination({ fd: options.fd ?? 2, sync: true }),
  );
}

export type { Logger } from "pino";
