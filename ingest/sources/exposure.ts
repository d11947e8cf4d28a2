import { isIP } from "node:net";
import { MetsukeError } from "../../platform/errors.ts";
import type { Logger } from "../../platform/logger.ts";

/** An IPv4 peer on a dual-stack socket comes as `::ffff:a.b.c.d`: one peer, one spelling. */
export const peerAddress = (address: string | undefined): string =>
  (address ?? "").replace(/^::ffff:(?=\d+\.)/i, "");

export function isLoopback(address: string): boolean {
  const plain = peerAddress(address);
  if (isIP(plain) === 4) return plain.startsWith("127.");
  return plain === "::1" || plain === "localhost";
}

/**
 * Whether a source may listen there: on loopback, or with proof of who sends, or because the
 * configuration says so by name. @throws METSUKE_CONFIG_INVALID otherwise.
 */
export function checkExposure(
  source: {
    readonly name: string;
    readonly host: string;
    readonly proves: boolean;
    readonly unauthenticated: boolean;
    /** What would prove it. */
    readonly remedy: string;
  },
  log: Logger,
): void {
  if (isLoopback(source.host) || source.proves) return;
  if (!source.unauthenticated) {
    throw new MetsukeError(
      "METSUKE_CONFIG_INVALID",
      `Source ${source.name} would listen on ${source.host} for anyone: ${source.remedy}, ` +
        "or set `unauthenticated: true`; its events then never lead to a lock.",
    );
  }
  log.warn(
    { host: source.host },
    "anyone who reaches this address can send; its events never lock",
  );
}
