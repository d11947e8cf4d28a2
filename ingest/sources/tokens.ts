import { createHash, timingSafeEqual } from "node:crypto";
import { type Static, Type } from "typebox";
import { MetsukeError } from "../../platform/errors.ts";

const MIN_LENGTH = 16;

export const Token = Type.Object(
  {
    hash: Type.String({
      description: "`sha256:` and 64 hex digits of the token; the token itself is stored nowhere.",
      pattern: "^sha256:[0-9a-f]{64}$",
    }),
    id: Type.String({ description: "Name of the sender in `sender.id`.", minLength: 1 }),
    tenant: Type.String({ description: "Tenant of its events.", default: "default" }),
    dataset: Type.Optional(
      Type.String({ description: "Format of its records; without it each record is sniffed." }),
    ),
  },
  { additionalProperties: false },
);
export type Token = Static<typeof Token>;

const digest = (token: string): Buffer => createHash("sha256").update(token).digest();

/**
 * A bearer token as the configuration keeps it. A plain hash is enough because a token is random:
 * make it with at least 128 bits, for example `openssl rand -hex 32`.
 * @throws METSUKE_USAGE when it is shorter than 16 characters.
 */
export function hashToken(token: string): string {
  if (token.length < MIN_LENGTH) {
    const message = `A token has at least ${MIN_LENGTH} characters; make one with openssl rand -hex 32.`;
    throw new MetsukeError("METSUKE_USAGE", message);
  }
  return `sha256:${digest(token).toString("hex")}`;
}

/** Finds the token of an `Authorization` header; looks at every one, so that time tells nothing. */
export function createTokenFinder(tokens: readonly Token[]) {
  const known = tokens.map((token) => ({
    token,
    digest: Buffer.from(token.hash.slice("sha256:".length), "hex"),
  }));
  return (authorization: string | undefined): Token | undefined => {
    const match = /^bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? "");
    if (match === null) return undefined;
    const presented = digest(match[1] ?? "");
    let found: Token | undefined;
    for (const each of known) {
      if (timingSafeEqual(each.digest, presented)) found = each.token;
    }
    return found;
  };
}
