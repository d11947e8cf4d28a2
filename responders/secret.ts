import { readFile } from "node:fs/promises";
import { Type } from "typebox";
import { MetsukeError } from "../platform/errors.ts";

/** A parameter whose value is never printed, logged or sent anywhere but to its target. */
export const secretText = (description: string, options: object = {}) =>
  Type.Optional(Type.String({ description, minLength: 1, secret: true, ...options }));

/** Path of a file that holds the secret; read at each use, so that a rotated one counts at once. */
export const secretFile = (description: string) =>
  Type.Optional(Type.String({ description, minLength: 1 }));

/**
 * The secret itself, from the value or else the file (its first line, without the line end).
 *
 * @throws MetsukeError `METSUKE_TARGET_UNAVAILABLE` when neither is there or the file cannot be read.
 */
export async function readSecret(
  name: string,
  value: string | undefined,
  file: string | undefined,
): Promise<string> {
  if (value !== undefined) return value;
  if (file === undefined) {
    throw new MetsukeError("METSUKE_TARGET_UNAVAILABLE", `neither ${name} nor ${name}_file is set`);
  }
  try {
    const text = await readFile(file, "utf8");
    return (text.split("\n", 1)[0] ?? "").trimEnd();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unreadable";
    const message = `${name}_file ${file} cannot be read (${code})`;
    throw new MetsukeError("METSUKE_TARGET_UNAVAILABLE", message, { retryable: true, cause });
  }
}
