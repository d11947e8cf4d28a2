import { existsSync, readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { type ErrorCode, MetsukeError } from "../../platform/errors.ts";
import type { Action } from "../../schemas/action.ts";
import type { Operations } from "./operations.ts";
import { type InstanceFile, instanceFile } from "./server.ts";

/** Operations of the instance that runs on this data folder; undefined when none answers. */
export async function findInstance(dataDir: string): Promise<Operations | undefined> {
  const path = instanceFile(dataDir);
  if (!existsSync(path)) return undefined;
  const file = JSON.parse(readFileSync(path, "utf8")) as InstanceFile;
  const operations = remoteOperations(file);
  try {
    await operations.status();
    return operations;
  } catch (error) {
    if (error instanceof MetsukeError && error.code === "METSUKE_INSTANCE_UNREACHABLE")
      return undefined;
    throw error;
  }
}

function remoteOperations(file: InstanceFile): Operations {
  const json = async <Answer>(path: string, body: unknown): Promise<Answer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of await post(file, path, body)) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as Answer;
  };
  return {
    status: () => json<Record<string, unknown>>("/status", {}),
    actions: () => json<Action[]>("/actions", {}),
    undo: async (ids, by) => {
      await json("/undo", { ids, by });
    },
    stop: (by) => json("/stop", { by }),
    resume: (by) => json("/resume", { by }),
    query: (sql, format) => post(file, "/query", { sql, format }),
  };
}

function post(file: InstanceFile, path: string, body: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath: file.socket,
        path,
        method: "POST",
        headers: { authorization: `Bearer ${file.token}`, "content-type": "application/json" },
      },
      (response) => {
        if (response.statusCode === 200) resolve(response);
        else refused(response).then(reject, reject);
      },
    );
    sent.on("error", (cause) => {
      reject(
        new MetsukeError("METSUKE_INSTANCE_UNREACHABLE", "no running instance answers", { cause }),
      );
    });
    sent.end(JSON.stringify(body));
  });
}

async function refused(response: IncomingMessage): Promise<MetsukeError> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  if (!text.startsWith("{")) {
    return new MetsukeError(
      "METSUKE_INSTANCE_UNREACHABLE",
      `the instance answered ${response.statusCode}`,
    );
  }
  const { code, message } = JSON.parse(text) as {
    readonly code: ErrorCode;
    readonly message: string;
  };
  return new MetsukeError(code, message);
}
