import { Type } from "@openclaw/schema";
import type { TenantLifecycle } from "../../tenants/lifecycle.js";
import type { Tenants } from "../../tenants/tenants.js";
import { TenantParams, TenantViewSchema, tenantView } from "./tenant-view.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Show a tenant",
  params: TenantParams,
  response: {
    200: Type.Object({
      ...TenantViewSchema.properties,
      directory: Type.String({ description: "Its directory on the gateway's machine." }),
    }),
  },
};

export function showTenantRoute(app: TypedApp, tenants: Tenants, lifecycle: TenantLifecycle): void {
  app.get("/tenants/:id", { schema }, (request) => {
    const record = lifecycle.existing(request.params.id);
    return { ...tenantView(record, tenants.gate), directory: tenants.directory(record.id) };
  });
}
