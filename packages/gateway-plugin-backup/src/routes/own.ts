/** Everything that a tenant can do about its backups by itself, held to a rate, and silent about the gateway's own affairs. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { CallBudgets } from "../jobs/call-budget.js";
import { ownThrown } from "../jobs/own-error.js";
import type { Services } from "../jobs/services.js";
import { ownBackupRoutes } from "./own-backups.js";
import { ownJobRoutes } from "./own-jobs.js";

export function ownRoutes(services: Services): FastifyPluginAsyncTypebox {
  const { config, host } = services;
  return async (app) => {
    const budgets = new CallBudgets(config.tenants.callsPerMinute, host.clock);
    app.addHook("onRequest", ({ tenant }, _reply, done) => {
      budgets.spend(tenant.uid);
      done();
    });
    app.setErrorHandler((error, request) => {
      const shown = ownThrown(error);
      if (shown !== error) request.log.warn({ err: error }, "a tenant's request about its backups failed");
      throw shown;
    });
    await app.register(ownBackupRoutes(services));
    await app.register(ownJobRoutes(services));
  };
}
