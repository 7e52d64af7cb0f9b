/** Which requests stand in the audit log, and what their lines say. See docs/audit.md. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AuditLog } from "../audit/audit-log.js";
import type { AuditDetails } from "../plugin/host.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /**
     * `all`: every call of the route stands in the audit log, once its caller is known. `refusals`: only those that were
     * not allowed. Default: `refusals` of a GET, else `all`.
     */
    audit?: "all" | "refusals";
  }
}

/** What the contract calls "not allowed": the exit code of such a problem. */
const NOT_ALLOWED = 5;

/**
 * Writes a line for each request that is to have one. Before its answer is sent, and not after it: whoever hangs up at once
 * is on record as well, and who was told that something was done finds it in the log even if the gateway dies then.
 */
export function auditRequests(app: FastifyInstance, audit: AuditLog): void {
  app.addHook("onSend", (request, reply, payload, done) => {
    const refused = isRefused(request, reply);
    const { caller } = request;
    if (!refused && (caller === undefined || auditOf(request) === "refusals")) {
      done(null, payload);
      return;
    }
    audit.record(
      {
        actor: actorOf(request),
        from: request.ip,
        action: `${request.method} ${request.routeOptions.url ?? ""}`,
        tenant: tenantOf(request),
        result: String(reply.statusCode),
        code: request.problem?.code,
        request: request.id,
        details: detailsOf(request),
      },
      budgetOf(request, refused),
    );
    if (refused) done(null, payload);
    else void audit.flush().then(() => done(null, payload));
  });
}

function actorOf(request: FastifyRequest): string {
  return request.caller === undefined ? "anonymous" : request.actor;
}

function isRefused({ problem }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  return statusCode === 401 || statusCode === 403 || statusCode === 429 || problem?.exitCode === NOT_ALLOWED;
}

function auditOf({ method, routeOptions }: FastifyRequest): "all" | "refusals" {
  return routeOptions.config.audit ?? (method === "GET" ? "refusals" : "all");
}

/** What a tenant is refused does not take the place of what it does. */
function budgetOf(request: FastifyRequest, refused: boolean): string | undefined {
  if (request.caller?.scope === "admin") return undefined;
  const whose = actorOf(request);
  return refused ? `refused ${whose}` : whose;
}

const TENANT_ROUTE = "/api/admin/tenants/:id";

function tenantOf(request: FastifyRequest): string | undefined {
  const { auditNote, caller, routeOptions } = request;
  if (auditNote?.tenant !== undefined) return auditNote.tenant;
  if (isTenantRoute(routeOptions.url)) return paramsOf(request)["id"];
  return caller?.scope === "tenant" ? caller.tenant.id : undefined;
}

/** The path's parameters, and what the route has added. */
function detailsOf(request: FastifyRequest): AuditDetails {
  const { id, ...others } = paramsOf(request);
  const params = isTenantRoute(request.routeOptions.url) || id === undefined ? others : { id, ...others };
  return { ...params, ...request.auditNote?.details };
}

function isTenantRoute(url: string | undefined): boolean {
  return url === TENANT_ROUTE || url?.startsWith(`${TENANT_ROUTE}/`) === true;
}

/** Undefined before the router has found the route. */
function paramsOf({ params }: FastifyRequest): Readonly<Record<string, string>> {
  return (params ?? {}) as Readonly<Record<string, string>>;
}
