import { Type } from "@openclaw/schema";
import type { TenantLifecycle } from "../../tenants/lifecycle.js";
import { TenantParams } from "./tenant-view.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Give a tenant another token; the old one ends",
  params: TenantParams,
  response: { 200: Type.Object({ id: Type.String(), token: Type.String() }) },
};

export function rotateTokenRoute(app: TypedApp, lifecycle: TenantLifecycle): void {
  app.post("/tenants/:id/token", { schema }, async (request) => ({
    id: request.params.id,
    token: await lifecycle.rotateToken(request.params.id),
  }));
}
