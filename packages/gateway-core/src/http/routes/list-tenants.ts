import { Type } from "@openclaw/schema";
import type { Tenants } from "../../tenants/tenants.js";
import { TenantViewSchema, tenantView } from "./tenant-view.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "List the tenants",
  response: { 200: Type.Object({ tenants: Type.Array(TenantViewSchema) }) },
};

export function listTenantsRoute(app: TypedApp, tenants: Tenants): void {
  app.get("/tenants", { schema }, () => ({
    tenants: tenants.list().map((record) => tenantView(record, tenants.gate)),
  }));
}
