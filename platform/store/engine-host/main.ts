import { mkdir, rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setPriority } from "node:os";
import { join } from "node:path";
import { createDesk } from "./answer.ts";
import { type Engine, openEngine } from "./engine.ts";
import { createHttpServer } from "./http-server.ts";
import type { HostMessage, HostSettings } from "./protocol.ts";

/**
 * The engine host: a child process that owns the embedded engine, so that its queries never hold
 * up the pipeline's own disk writes. It lives as long as the IPC channel to its parent.
 */
process.on("message", (message: HostMessage) => {
  if (message.kind === "start") void start(message.settings);
});
// Until there is something to close, the end of the parent is simply the end.
process.on("disconnect", () => process.exit(0));

async function start(settings: HostSettings): Promise<void> {
  let engine: Engine | undefined;
  try {
    const bodies = join(settings.dir, "bodies");
    const empty = join(settings.dir, "empty");
    for (const dir of [empty, join(settings.dir, "engine")]) await makeFolder(dir);
    // Names of tables may be looked up as files of the working folder: there shall be none.
    process.chdir(empty);
    process.umask(0o077);
    setPriority(5);
    engine = await openEngine(join(settings.dir, "engine"));
    // Only whoever owns the engine may clear away what an earlier run left.
    await rm(bodies, { recursive: true, force: true });
    await makeFolder(bodies);
    const server = createHttpServer(createDesk(engine, settings, bodies), settings);
    await listen(server, settings);
    closeOnSignals(server, engine);
    send({ kind: "listening", port: (server.address() as AddressInfo).port });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await engine?.close();
    send({ kind: "failed", message: `${settings.dir}: ${message}`, inUse: isHeld(message) });
    process.disconnect();
    process.exit(1);
  }
}

const makeFolder = (dir: string) => mkdir(dir, { recursive: true, mode: 0o700 });

/** The engine tells only its own standard error that the lock is taken (code 76). */
const isHeld = (message: string): boolean =>
  /Code: 76\b|Failed to create connection|EADDRINUSE/.test(message);

const listen = (server: Server, settings: HostSettings): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.port, settings.host, () => resolve());
  });

/** Takes nothing new, gives what runs 1.5 s, ends the rest, lets go of the folder. */
function closeOnSignals(server: Server, engine: Engine): void {
  let closing = false;
  const close = () => {
    if (closing) return;
    closing = true;
    const impatient = setTimeout(() => server.closeAllConnections(), 1_500);
    setTimeout(() => process.exit(0), 5_000);
    server.close(() => {
      clearTimeout(impatient);
      void engine.close().finally(() => process.exit(0));
    });
    server.closeIdleConnections();
  };
  process.removeAllListeners("disconnect");
  process.on("disconnect", close);
  process.on("SIGTERM", close);
  // Ctrl-C reaches the whole process group; the parent decides when its store goes.
  process.on("SIGINT", () => undefined);
}

const send = (message: HostMessage): void => {
  process.send?.(message);
};
