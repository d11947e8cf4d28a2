import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "../platform/metrics.ts";

/** `/metrics` (Prometheus text) and `/health` (JSON; 503 while a role is not well) on loopback. */
export async function serveMetrics(options: {
  readonly port: number;
  readonly metrics: Metrics;
  readonly status: () => object;
}) {
  const server = createServer((request, response) => {
    if (request.url === "/health") {
      const status = options.status() as { readonly detect?: { readonly ok: boolean } };
      response.statusCode = status.detect?.ok === false ? 503 : 200;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(status));
      return;
    }
    if (request.url !== "/metrics") {
      response.statusCode = 404;
      response.end();
      return;
    }
    options.metrics.registry.metrics().then(
      (text) => {
        response.setHeader("content-type", options.metrics.registry.contentType);
        response.end(text);
      },
      () => {
        response.statusCode = 500;
        response.end();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
