import { Type } from "@openclaw/schema";
import { GatewayError } from "../../errors.js";
import type { TenantLifecycle } from "../../tenants/lifecycle.js";
import { TenantParams } from "./tenant-view.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Delete a tenant and all its files",
  params: TenantParams,
  querystring: Type.Object({
    confirm: Type.Optional(Type.String({ description: "The tenant's id, again." })),
  }),
  response: { 200: Type.Object({ id: Type.String(), deleted: Type.Literal(true) }) },
};

export function deleteTenantRoute(app: TypedApp, lifecycle: TenantLifecycle): void {
  app.delete("/tenants/:id", { schema }, async (request) => {
    const { id } = request.params;
    if (request.query.confirm !== id) {
      throw new GatewayError("CONFIRMATION_REQUIRED", `Deleting tenant ${id} cannot be undone`, {
        details: { tenant: id },
        hint: `Confirm it: openclaw tenants delete ${id} --confirm (over HTTP: ?confirm=${id}).`,
      });
    }
    await lifecycle.delete(id);
    return { id, deleted: true as const };
  });
}
