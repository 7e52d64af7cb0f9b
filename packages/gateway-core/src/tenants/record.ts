import { randomBytes } from "node:crypto";
import { Type } from "@openclaw/schema";
import { GatewayError } from "../errors.js";
import type { Clock, TenantRecord } from "../plugin/host.js";
import { faultText, schemaCheck } from "../schema/check.js";
import { TENANT_ID_PATTERN } from "./tenant-id.js";

export const LabelsSchema = Type.Record(Type.String(), Type.String({ maxLength: 256 }), {
  maxProperties: 64,
  propertyNames: Type.String({
    pattern: "^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$",
    description: "a label's name: up to 63 of A-Z a-z 0-9 . _ / -, starting with a letter or digit",
  }),
});

export const QuotasSchema = Type.Object(
  {
    bytes: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    entries: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  },
  { additionalProperties: false },
);

/** Schema of `tenant.json`. Strict: a record that travelled in an archive is as hostile as the rest of it. */
export const TenantRecordSchema = Type.Object(
  {
    id: Type.String({ pattern: TENANT_ID_PATTERN, description: "a tenant id" }),
    uid: Type.String({ pattern: "^[0-9a-f]{32}$", description: "32 hex digits" }),
    createdAt: Type.String({
      pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$",
      description: "a time such as 2026-06-03T02:00:00.000Z",
    }),
    tokenSha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "64 hex digits" }),
    quotas: QuotasSchema,
    labels: LabelsSchema,
  },
  { additionalProperties: false },
);

const check = schemaCheck(TenantRecordSchema);

/** Checks what claims to be a record. Throws `TENANT_RECORD_INVALID` with the first offending field. */
export function parseTenantRecord(json: unknown): TenantRecord {
  const checked = check(json);
  if (!checked.ok) throw invalid(faultText(checked.fault, "the record"), checked.fault.path);
  if (Number.isNaN(Date.parse(checked.value.createdAt)))
    throw invalid("createdAt is not a date", "createdAt");
  return checked.value;
}

/** A record for a tenant made now, with a fresh uid. */
export function newTenantRecord(id: string, tokenSha256: string, clock: Clock): TenantRecord {
  return {
    id,
    uid: randomBytes(16).toString("hex"),
    createdAt: new Date(clock.now()).toISOString(),
    tokenSha256,
    quotas: {},
    labels: {},
  };
}

function invalid(problem: string, field: string): GatewayError {
  return new GatewayError("TENANT_RECORD_INVALID", `tenant.json is invalid: ${problem}`, {
    details: { field },
  });
}
