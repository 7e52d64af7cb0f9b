import type { FastifyInstance, FastifyRequest } from "fastify";
import type { TenantGate, Visit } from "../tenants/gate.js";

/**
 * Passes every request of `app`'s routes through its tenant's gate before anything of it runs. The visit ends when the
 * response is finished or its connection is gone, and the handler has ended: an upload whose caller hung up still
 * writes for a moment. Routes whose `config` says `besideTenant` do not pass it. To be called after the authentication hook was added and before the routes.
 */
export function guardTenants(app: FastifyInstance, gate: TenantGate): void {
  const visits = new WeakMap<FastifyRequest, Visit>();

  app.addHook("onRequest", (request, reply, done) => {
    if (request.routeOptions.config.besideTenant === true) {
      done();
      return;
    }
    // No close event would come any more to end the visit.
    if (reply.raw.destroyed) {
      done(new Error("the caller has gone"));
      return;
    }
    const visit = gate.enter(request.tenant.id);
    reply.raw.once("close", () => visit.end());
    visits.set(request, visit);
    done();
  });

  app.addHook("onRoute", (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const result: unknown = handler.call(this, request, reply);
      const visit = visits.get(request);
      if (visit !== undefined && result instanceof Promise) {
        visit.hold();
        const end = () => visit.end();
        result.then(end, end);
      }
      return result;
    };
  });
}
