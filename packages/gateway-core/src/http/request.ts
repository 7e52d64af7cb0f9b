import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AuditNote, JobTrigger, TenantRecord } from "../plugin/host.js";
import type { Problem } from "./problem.js";

/** Who sent a request, once its token was checked. */
export type Caller =
  | { readonly scope: "admin" }
  | { readonly scope: "metrics" }
  | { readonly scope: "tenant"; readonly tenant: TenantRecord };

declare module "fastify" {
  interface FastifyRequest {
    /** Undefined on routes that ask for no token. */
    caller: Caller | undefined;
    /** The calling tenant. For routes under `/api/tenant` only; elsewhere it throws. */
    readonly tenant: TenantRecord;
    /** `admin`, `metrics`, or `tenant:<id>`. For authenticated routes only. */
    readonly actor: string;
    /** What the header `X-OpenClaw-Client` says: `cli`, `ui`, else `api`. */
    readonly trigger: JobTrigger;
    /** Adds to the request's line in the audit log. No secrets. */
    audit(note: AuditNote): void;
    /** What {@link audit} was told. */
    auditNote: AuditNote | undefined;
    /** The problem document that the request was answered with. */
    problem: Problem | undefined;
  }

  interface FastifyContextConfig {
    /**
     * Of a route under `/api/tenant` that touches no file of the tenant: it answers while the tenant is suspended, and no
     * suspension waits for it.
     */
    besideTenant?: boolean;
  }
}

/** Adds the fields above to every request. */
export function decorateRequests(app: FastifyInstance): void {
  app.decorateRequest("caller", undefined);
  app.decorateRequest("problem", undefined);
  app.decorateRequest("auditNote", undefined);
  app.decorateRequest("audit", function (this: FastifyRequest, { tenant, details }: AuditNote) {
    const before = this.auditNote;
    this.auditNote = {
      tenant: tenant ?? before?.tenant,
      details: { ...before?.details, ...details },
    };
  });
  app.decorateRequest("tenant", {
    getter(this: FastifyRequest) {
      if (this.caller?.scope === "tenant") return this.caller.tenant;
      throw new Error("request.tenant is for routes under /api/tenant");
    },
  });
  app.decorateRequest("actor", {
    getter(this: FastifyRequest) {
      if (this.caller === undefined) throw new Error("request.actor is for authenticated routes");
      return this.caller.scope === "tenant" ? `tenant:${this.caller.tenant.id}` : this.caller.scope;
    },
  });
  app.decorateRequest("trigger", {
    getter(this: FastifyRequest): JobTrigger {
      const client = this.headers["x-openclaw-client"];
      return client === "cli" || client === "ui" ? client : "api";
    },
  });
}
