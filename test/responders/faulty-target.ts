import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to a request on its way to the identity system. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly headers?: Record<string, string> }
  /** Answers 4xx and repeats all it was sent, as a careless error page does. */
  | { readonly kind: "echo"; readonly status: number }
  /** Never answers. */
  | { readonly kind: "silence" }
  | { readonly kind: "reset" }
  /** Head and half of the promised body, then the connection ends. */
  | { readonly kind: "half" }
  /** The identity system does it, its answer is lost. */
  | { readonly kind: "lost-answer" };

export interface FaultyTarget {
  readonly origin: string;
  /** `METHOD /path?query` of everything that arrived. */
  readonly seen: string[];
  /** The n-th request from now (0 = next) meets this fault, and with `andAfter` all later ones too. */
  /** Requests that met a fault since the last `break`. */
  broken(): number;
  break(n: number, fault: Fault, andAfter?: boolean): void;
  heal(): void;
  stop(): Promise<void>;
}

/** A proxy on loopback before an identity system, which can be told to misbehave. */
export async function startFaultyTarget(backend: string): Promise<FaultyTarget> {
  const seen: string[] = [];
  let plan: { at: number; fault: Fault; andAfter: boolean } | undefined;
  let count = 0;
  let brokenCount = 0;
  const server = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const index = count++;
    const broken =
      plan !== undefined && (index === plan.at || (plan.andAfter && index > plan.at))
        ? plan.fault
        : undefined;
    if (broken !== undefined) brokenCount += 1;
    void bodyOf(incoming).then(
      (body) => serve(backend, { incoming, body, response }, broken),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    broken: () => brokenCount,
    break(n, fault, andAfter = false) {
      count = 0;
      brokenCount = 0;
      plan = { at: n, fault, andAfter };
    },
    heal() {
      plan = undefined;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
  readonly response: ServerResponse;
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function serve(backend: string, exchange: Exchange, fault: Fault | undefined): void {
  const { response, incoming, body } = exchange;
  switch (fault?.kind) {
    case undefined:
      forward(backend, exchange, (status, headers, answer) => {
        response.writeHead(status, headers).end(answer);
      });
      return;
    case "lost-answer":
      forward(backend, exchange, () => incoming.socket.resetAndDestroy());
      return;
    case "status":
      response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
      response.end(JSON.stringify({ detail: `planted\u001b[31m\n${fault.status}` }));
      return;
    case "echo":
      response
        .writeHead(fault.status)
        .end(
          `${incoming.method} ${incoming.url} ${JSON.stringify(incoming.headers)} ${body.toString()}`,
        );
      return;
    case "silence":
      return;
    case "reset":
      incoming.socket.resetAndDestroy();
      return;
    case "half":
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"access_token":"abc","Resources":[', () => incoming.socket.destroy());
  }
}

function forward(
  backend: string,
  { incoming, body, response }: Exchange,
  answered: (status: number, headers: Record<string, string>, body: Buffer) => void,
): void {
  const { connection: _hop, host: _host, ...headers } = incoming.headers;
  const onward = request(
    new URL(incoming.url ?? "/", backend),
    { method: incoming.method, headers, agent: false },
    (answer) => {
      void bodyOf(answer).then(
        (text) =>
          answered(
            answer.statusCode ?? 500,
            { "content-type": answer.headers["content-type"] ?? "text/plain" },
            text,
          ),
        () => response.destroy(),
      );
    },
  );
  onward.on("error", () => response.destroy());
  onward.end(body);
}
