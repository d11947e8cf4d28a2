import { createRequire } from "node:module";
import { Session } from "chdb";

interface Addon {
  CloseConnection(connection: unknown): void;
}

/**
 * Runs `work` in a session of its own, so that no setting, parameter, database or temporary table
 * outlives the call. `work` MUST have awaited all it asked of the session when it settles: letting
 * go of a connection that still runs something ends the engine for the whole process.
 * @param args What the engine's command line takes; the last of one name wins.
 */
export async function inOwnSession<T>(
  dir: string,
  args: readonly string[],
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = new Session(dir, { connectionArgs: args });
  try {
    return await work(session);
  } finally {
    release(session);
  }
}

/**
 * `Session.close` alone waits for every statement of the process, not only for its own, and keeps a
 * list of all of them until then: beside one long statement each close costs memory in proportion
 * to the closes before it. A session nothing runs on any more needs to wait for nobody.
 */
export function release(session: Session): void {
  const { connection } = session;
  session.connection = null;
  // Without a connection this only takes the session off the library's books.
  session.close();
  addon.CloseConnection(connection);
}

/** The library's own loader gives the one addon of this platform; it is no entry of its package. */
const addon = loadAddon();

function loadAddon(): Addon {
  const require = createRequire(createRequire(import.meta.url).resolve("chdb"));
  const loader = require("./dist/loader.js") as { loadNative(): Partial<Addon> };
  const native = loader.loadNative();
  if (typeof native.CloseConnection !== "function") {
    throw new Error("this version of chdb does not close connections one by one");
  }
  return native as Addon;
}
