import { Type } from "@openclaw/schema";
import { LabelsSchema } from "../../tenants/record.js";
import type { TenantLifecycle } from "../../tenants/lifecycle.js";
import type { TenantGate } from "../../tenants/gate.js";
import { TenantViewSchema, tenantView } from "./tenant-view.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Create a tenant",
  body: Type.Object(
    { id: Type.String({ description: "1 to 32 of a-z 0-9 _ -" }), labels: Type.Optional(LabelsSchema) },
    { additionalProperties: false },
  ),
  response: {
    201: Type.Object({
      tenant: TenantViewSchema,
      token: Type.String({ description: "Shown this once; the gateway keeps its SHA-256 only." }),
    }),
  },
};

export function createTenantRoute(app: TypedApp, lifecycle: TenantLifecycle, gate: TenantGate): void {
  app.post("/tenants", { schema }, async (request, reply) => {
    request.audit({ tenant: request.body.id });
    const { record, token } = await lifecycle.create(request.body.id, request.body.labels ?? {});
    request.audit({ details: { uid: record.uid } });
    return reply.code(201).send({ tenant: tenantView(record, gate), token });
  });
}
