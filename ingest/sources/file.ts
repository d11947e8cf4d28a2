import { stat } from "node:fs/promises";
import { MetsukeError, errorText } from "../../platform/errors.ts";
import type { OpenSource, Source } from "../source.ts";
import { FileParams } from "./file-params.ts";
import { openPositions } from "./file-positions.ts";
import { tailPath } from "./file-tail.ts";
import { checkTimezone } from "./timezone.ts";

const SAVE_MS = 1_000;

async function checkReadable(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    const message = `Source file: ${path} cannot be read (${errorText(cause)}).`;
    throw new MetsukeError("METSUKE_FILE_UNREADABLE", message, { cause });
  });
  if (found.isFile()) return;
  throw new MetsukeError("METSUKE_FILE_UNREADABLE", `Source file: ${path} is not a regular file.`);
}

/** Log files, followed over rotation or read once; positions are kept in the log. */
export const file: Source<FileParams> = {
  name: "file",
  title: "Log files",
  params: FileParams,

  async open(context): Promise<OpenSource> {
    const { params, log, metrics } = context;
    checkTimezone("file", params.timezone);
    if (!params.follow) for (const path of params.paths) await checkReadable(path);
    const positions = await openPositions(context.eventLog, params.name);
    const own = new AbortController();
    const stop = AbortSignal.any([own.signal, context.signal]);
    const save = (): Promise<void> =>
      positions.save().catch((error: unknown) => {
        metrics.errors.inc({ component: "ingest.file", reason: "save" });
        log.warn({ err: errorText(error) }, "file positions not saved; again with the next ones");
      });
    const timer = setInterval(() => {
      void save();
    }, SAVE_MS);

    const readAll = async (): Promise<void> => {
      const tails = params.paths.map((path) => ({ context, positions, path, stop }));
      if (params.follow) await Promise.all(tails.map(tailPath));
      else for (const tail of tails) await tailPath(tail);
      await save();
    };
    const done = readAll();
    // Whoever closes without asking how it went still hears of it.
    done.catch((error: unknown) => {
      log.error({ err: errorText(error) }, "file not read");
    });
    return {
      address: params.paths.join(", "),
      done,
      async close() {
        own.abort();
        await done.catch(() => undefined);
        clearInterval(timer);
        await save();
      },
    };
  },
};
