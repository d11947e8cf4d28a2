import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Refusal } from "./exceptions.ts";
import { header } from "./http-call.ts";
import type { HostSettings } from "./protocol.ts";

export type Role = "writer" | "reader";

/**
 * Who asks: X-ClickHouse-User/Key, Basic, or `?user=&password=`; nothing means the reader, whom
 * clients that always name somebody call `default`.
 * @throws Refusal 516.
 */
export function authenticate(
  request: IncomingMessage,
  url: URL,
  settings: Pick<HostSettings, "writer" | "reader">,
): Role {
  const { user, password } = credentials(request, url);
  const { writer, reader } = settings;
  if (user === writer.user && equal(password, writer.password)) return "writer";
  const isReader = user === reader.user || user === "default" || user === "";
  if (isReader && (reader.password === "" ? password === "" : equal(password, reader.password))) {
    return "reader";
  }
  throw new Refusal(
    516,
    "AUTHENTICATION_FAILED",
    "Authentication failed: password is incorrect, or there is no user with such name.",
  );
}

function credentials(request: IncomingMessage, url: URL): { user: string; password: string } {
  const named = header(request, "x-clickhouse-user");
  if (named !== undefined) {
    return { user: named, password: header(request, "x-clickhouse-key") ?? "" };
  }
  const basic = /^Basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(header(request, "authorization") ?? "");
  if (basic?.[1] !== undefined) {
    const [user = "", ...rest] = Buffer.from(basic[1], "base64").toString("utf8").split(":");
    return { user, password: rest.join(":") };
  }
  return {
    user: url.searchParams.get("user") ?? "",
    password: url.searchParams.get("password") ?? "",
  };
}

function equal(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return wanted !== "" && a.length === b.length && timingSafeEqual(a, b);
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** A page in a browser must not reach the store: no Origin, and only hosts we know ourselves by. */
export function checkDoor(request: IncomingMessage, allowedHosts: readonly string[]): void {
  if (request.headers.origin !== undefined) {
    throw new Refusal(516, "AUTHENTICATION_FAILED", "Requests with an Origin header are refused.");
  }
  const host = (request.headers.host ?? "").replace(/:\d{1,5}$/, "").toLowerCase();
  if (!LOOPBACK.has(host) && !allowedHosts.includes(host)) {
    throw new Refusal(516, "AUTHENTICATION_FAILED", "This Host is not served here.");
  }
}
