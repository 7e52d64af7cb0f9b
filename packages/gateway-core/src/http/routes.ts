/** The table of contents of the gateway's own routes; each one is a file in `routes/`. */
import type { Registry } from "prom-client";
import type { AuditLog } from "../audit/audit-log.js";
import type { Cron } from "../cron/cron.js";
import { GATEWAY } from "../cron/owner.js";
import type { Workspace } from "../files/workspace.js";
import type { Contributions } from "../plugin/contributions.js";
import type { Clock, RouteScope } from "../plugin/host.js";
import type { TenantLifecycle } from "../tenants/lifecycle.js";
import type { Tenants } from "../tenants/tenants.js";
import { auditRoutes } from "./routes/audit.js";
import { acceptRecordRoute } from "./routes/accept-record.js";
import { controlUi } from "./routes/control-ui.js";
import { createTenantRoute } from "./routes/create-tenant.js";
import { deleteTenantRoute } from "./routes/delete-tenant.js";
import { doctorRoutes } from "./routes/doctor.js";
import { deleteFileRoute } from "./routes/files-delete.js";
import { getFileRoute } from "./routes/files-get.js";
import { putFileRoute } from "./routes/files-put.js";
import { healthRoutes } from "./routes/health.js";
import { listJobTypesRoute, listTenantJobTypesRoute } from "./routes/list-job-types.js";
import { listTenantsRoute } from "./routes/list-tenants.js";
import { openApiRoute } from "./routes/openapi.js";
import { listPanelsRoute, panelAssets } from "./routes/panels.js";
import { rotateTokenRoute } from "./routes/rotate-token.js";
import { allSchedulesRoute, scheduleRoutes } from "./routes/schedules.js";
import { showTenantRoute } from "./routes/show-tenant.js";
import { startJobRoute } from "./routes/start-job.js";
import { statusRoute } from "./routes/status.js";
import type { TypedApp } from "./routes/typed-app.js";
import { whoamiRoute } from "./routes/whoami.js";

export interface RouteParts {
  readonly clock: Clock;
  readonly metrics: Registry;
  readonly tenants: Tenants;
  readonly lifecycle: TenantLifecycle;
  readonly workspace: Workspace;
  readonly contributions: Contributions;
  readonly cron: Cron;
  /** What the admin should know, one sentence each, for the status. */
  readonly warnings: () => readonly string[];
  readonly audit: AuditLog;
}

export async function publicRoutes(app: TypedApp, parts: RouteParts): Promise<void> {
  healthRoutes(app, () => parts.contributions.readiness.values());
  openApiRoute(app);
  await controlUi(app);
  await panelAssets(app, parts.contributions.panels);
}

export async function adminRoutes(app: TypedApp, parts: RouteParts): Promise<void> {
  const { contributions, cron, lifecycle, tenants } = parts;
  await app.register(
    async (admin: TypedApp) => {
      listTenantsRoute(admin, tenants);
      createTenantRoute(admin, lifecycle, tenants.gate);
      showTenantRoute(admin, tenants, lifecycle);
      rotateTokenRoute(admin, lifecycle);
      acceptRecordRoute(admin, lifecycle, tenants.gate);
      deleteTenantRoute(admin, lifecycle);
      listJobTypesRoute(admin, contributions.jobTypes);
      startJobRoute(admin, contributions.jobTypes, lifecycle);
      allSchedulesRoute(admin, cron);
      scheduleRoutes(admin, cron, {
        path: "/gateway/cron",
        scope: "admin",
        whose: "the gateway",
        owner: () => GATEWAY,
      });
      scheduleRoutes(admin, cron, {
        path: "/tenants/:id/cron",
        scope: "admin",
        whose: "a tenant",
        owner: ({ params }) => cron.owner((params as { readonly id: string }).id),
      });
      doctorRoutes(admin, () => contributions.doctorChecks.values());
      statusRoute(admin, {
        clock: parts.clock,
        tenants,
        warnings: parts.warnings,
        sections: [...contributions.statusSections.values()],
      });
      auditRoutes(admin, parts.audit);
      listPanelsRoute(admin, contributions.panels);
      await registerContributed(admin, contributions, "admin");
    },
    { prefix: "/api/admin" },
  );
}

export async function tenantRoutes(app: TypedApp, parts: RouteParts): Promise<void> {
  whoamiRoute(app);
  listPanelsRoute(app, parts.contributions.panels);
  listTenantJobTypesRoute(app, parts.contributions.jobTypes);
  getFileRoute(app, parts.workspace);
  deleteFileRoute(app, parts.workspace);
  await app.register((uploads: TypedApp, _options, done) => {
    putFileRoute(uploads, parts.workspace);
    done();
  });
  scheduleRoutes(app, parts.cron, {
    path: "/cron",
    scope: "tenant",
    whose: "the calling tenant",
    owner: ({ tenant }) => parts.cron.owner(tenant.id),
  });
  await registerContributed(app, parts.contributions, "tenant");
}

async function registerContributed(
  app: TypedApp,
  contributions: Contributions,
  scope: RouteScope,
): Promise<void> {
  for (const { scope: of, routes } of contributions.routes) {
    if (of === scope) await app.register(routes);
  }
}
