import { Agent, type Dispatcher, request } from "undici";
import { errorText, MetsukeError } from "../platform/errors.ts";
import type { Observation, Outcome } from "./responder.ts";

export interface TargetRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Texts that must not come back in a reason, however the target words it. */
  readonly secrets?: readonly string[];
  /** Statuses that are answers and not errors, besides 2xx; for example 404. */
  readonly accept?: readonly number[];
}

export interface TargetAnswer {
  readonly status: number;
  readonly text: string;
}

export interface HttpTarget {
  /** @throws TargetError for everything that is neither 2xx nor in `accept`. */
  send(request: TargetRequest): Promise<TargetAnswer>;
}

/** Why a target did not do what was asked; `retryable` says whether trying again can help. */
export class TargetError extends MetsukeError {
  readonly afterMs: number | undefined;
  /** HTTP status, when there was one. */
  readonly status: number | undefined;

  constructor(
    message: string,
    options: { readonly retryable: boolean; readonly afterMs?: number; readonly status?: number },
  ) {
    super(options.retryable ? "METSUKE_TARGET_UNAVAILABLE" : "METSUKE_TARGET_REFUSED", message, {
      retryable: options.retryable,
    });
    this.name = "TargetError";
    this.afterMs = options.afterMs;
    this.status = options.status;
  }
}

export const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 1_048_576;
const MAX_RETRY_AFTER_MS = 3_600_000;
const MAX_WORDS = 200;

/** Short-lived connections: one that the target closed meanwhile would cost a lock an attempt. */
const AGENT = {
  connect: { timeout: TIMEOUT_MS },
  keepAliveTimeout: 1_000,
  keepAliveMaxTimeout: 1_000,
} as const;

/**
 * HTTP with limits: one attempt, no redirects, `timeoutMs` for all of it (default 5 000), at most
 * `maxBytes` of answer (default 1 MiB). 429, 5xx, 408, time-out, reset and a cut answer are
 * retryable; every other status that was not asked for is a refusal.
 */
export function createHttpTarget(
  options: {
    readonly timeoutMs?: number;
    readonly maxBytes?: number;
    readonly dispatcher?: Dispatcher;
    readonly now?: () => number;
  } = {},
): HttpTarget {
  const dispatcher = options.dispatcher ?? new Agent(AGENT);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const maxBytes = options.maxBytes ?? MAX_ANSWER_BYTES;
  const now = options.now ?? Date.now;
  return {
    async send(asked) {
      const limit = AbortSignal.timeout(timeoutMs);
      const signal = AbortSignal.any([asked.signal, limit]);
      // The path is ours, the query may name a person and the whole may hold a secret: say neither.
      const what = `${asked.method} to ${new URL(asked.url).host}`;
      try {
        signal.throwIfAborted();
        const reply = await request(asked.url, {
          method: asked.method,
          headers: { accept: "application/json, */*", ...asked.headers },
          body: asked.body ?? null,
          signal,
          dispatcher,
        });
        const text = await readLimited(reply.body, maxBytes);
        return judge(what, asked, now(), {
          status: reply.statusCode,
          text,
          headers: reply.headers,
        });
      } catch (error) {
        if (error instanceof TargetError) throw error;
        throw new TargetError(`${what}: ${brokenReason(error, asked.signal, limit, timeoutMs)}`, {
          retryable: true,
        });
      }
    },
  };
}

interface RawAnswer extends TargetAnswer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function judge(what: string, asked: TargetRequest, now: number, raw: RawAnswer): TargetAnswer {
  const { status, text } = raw;
  if ((status >= 200 && status < 300) || (asked.accept ?? []).includes(status)) {
    return { status, text };
  }
  const words = hideSecrets(cleanWords(text), asked.secrets ?? []);
  const message = `${what} was answered ${status}${words === "" ? "" : `: ${words}`}`;
  if (status === 429 || status === 408 || status >= 500) {
    const afterMs = retryAfterMs(raw.headers["retry-after"], now);
    throw new TargetError(message, {
      retryable: true,
      status,
      ...(afterMs === undefined ? {} : { afterMs }),
    });
  }
  throw new TargetError(message, { retryable: false, status });
}

async function readLimited(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
  maxBytes: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) {
      body.destroy();
      throw new TargetError(`the answer is longer than ${maxBytes} bytes`, { retryable: false });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function brokenReason(
  error: unknown,
  asked: AbortSignal,
  limit: AbortSignal,
  timeoutMs: number,
): string {
  if (asked.aborted) return "stopped at the time limit of the attempt";
  if (limit.aborted) return `no answer within ${timeoutMs} ms`;
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? `connection failed (${code})` : "connection failed";
}

/** RFC 9110 10.2.3: seconds or a date; in ms, at most one hour, undefined when neither. */
export function retryAfterMs(
  header: string | string[] | undefined,
  now: number,
): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === "") return undefined;
  const seconds = /^\d{1,9}$/.test(text);
  if (!seconds && !text.endsWith(" GMT")) return undefined;
  const ms = seconds ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}

/** The target's own words on one line: no control or direction characters, at most 200 long. */
export function cleanWords(body: string): string {
  return (
    wordsOf(body)
      .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
      .trim()
      // Cut between code points, so that no half of a pair remains.
      .replace(new RegExp(`^(.{${MAX_WORDS}}).+$`, "su"), "$1…")
  );
}

function wordsOf(body: string): string {
  const start = body.slice(0, 4_096);
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null) return start;
    const fields = parsed as Record<string, unknown>;
    for (const name of ["detail", "error_description", "errorMessage", "message", "error"]) {
      const value = fields[name];
      if (typeof value === "string" && value !== "") return value.slice(0, 4_096);
    }
    return start;
  } catch {
    // Not JSON: the words are the text itself.
    return start;
  }
}

export const hideSecrets = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((kept, secret) => hideSecret(kept, secret), text);

/** A secret cut off at the end of the words is a part of it still: parts from 8 characters go too. */
function hideSecret(text: string, secret: string): string {
  if (secret === "") return text;
  const whole = text.replaceAll(secret, "[hidden]");
  for (let length = secret.length - 1; length >= 8; length -= 1) {
    const part = secret.slice(0, length);
    const at = whole.indexOf(part);
    if (at >= 0) return `${whole.slice(0, at)}[hidden]`;
  }
  return whole;
}

/** JSON of an answer. @throws TargetError when it is none: a proxy's page, a cut body. */
export function jsonOf(answer: TargetAnswer): unknown {
  try {
    return JSON.parse(answer.text) as unknown;
  } catch {
    throw new TargetError("the target's answer is no JSON", { retryable: true });
  }
}

export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

export const recordsOf = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.map(recordOf) : [];

/** Runs the steps of an attempt; what a target refuses or fails to answer becomes an outcome. */
export async function attempt(steps: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await steps();
  } catch (error) {
    if (!(error instanceof MetsukeError)) throw error;
    if (!error.retryable) return { status: "failed", reason: errorText(error) };
    const afterMs = error instanceof TargetError ? error.afterMs : undefined;
    return {
      status: "retry",
      reason: errorText(error),
      ...(afterMs === undefined ? {} : { afterMs }),
    };
  }
}

/** Looking has no `failed`: a refusal now says nothing about the account, so it is looked at again. */
export async function look(steps: () => Promise<Observation>): Promise<Observation> {
  try {
    return await steps();
  } catch (error) {
    if (!(error instanceof MetsukeError)) throw error;
    return { status: "retry", reason: errorText(error) };
  }
}
