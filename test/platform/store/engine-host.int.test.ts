import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../../platform/logger.ts";
import { startEngineHost } from "../../../platform/store/engine-host/start.ts";
import { storeContract } from "../../contracts/store.ts";

storeContract("engine host", async () => {
  const dir = await mkdtemp(join(tmpdir(), "metsuke-store-"));
  const host = await startEngineHost({ dir, logger: createLogger({ level: "silent" }) });
  return {
    options: { url: host.url, ...host.writer },
    async close() {
      await host.close();
      await rm(dir, { recursive: true });
    },
  };
});
