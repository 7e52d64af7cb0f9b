import { type Static, Type } from "@openclaw/schema";
import type { TenantRecord } from "../../plugin/host.js";
import { LabelsSchema, QuotasSchema } from "../../tenants/record.js";
import type { TenantGate } from "../../tenants/gate.js";

/** A tenant as the admin sees it; never the hash of its token. */
export const TenantViewSchema = Type.Object({
  id: Type.String(),
  uid: Type.String(),
  createdAt: Type.String(),
  labels: LabelsSchema,
  quotas: QuotasSchema,
  suspended: Type.Boolean({ description: "Its calls are answered 503 for the moment." }),
});

export type TenantView = Static<typeof TenantViewSchema>;

export const TenantParams = Type.Object({ id: Type.String() });

export function tenantView(record: TenantRecord, gate: TenantGate): TenantView {
  const { id, uid, createdAt, labels, quotas } = record;
  return { id, uid, createdAt, labels, quotas, suspended: gate.isSuspended(id) };
}
