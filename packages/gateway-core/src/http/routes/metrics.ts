import type { Registry } from "prom-client";
import type { TypedApp } from "./typed-app.js";

/** `/metrics`, for the admin's token or the metrics token: figures of tenants are nobody else's. */
export function metricsRoute(app: TypedApp, registry: Registry): void {
  app.get(
    "/metrics",
    { schema: { summary: "Metrics in Prometheus' text format" } },
    async (_request, reply) => {
      const text = await registry.metrics();
      return reply.type(registry.contentType).send(text);
    },
  );
}
