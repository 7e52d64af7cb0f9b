import type { TenantGate } from "../../tenants/gate.js";
import type { TenantLifecycle } from "../../tenants/lifecycle.js";
import { TenantParams, TenantViewSchema, tenantView } from "./tenant-view.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Take a tenant's tenant.json as it stands, after it was changed by hand",
  params: TenantParams,
  response: { 200: TenantViewSchema },
};

export function acceptRecordRoute(app: TypedApp, lifecycle: TenantLifecycle, gate: TenantGate): void {
  app.post("/tenants/:id/record/accept", { schema }, async (request) =>
    tenantView(await lifecycle.accept(request.params.id), gate),
  );
}
