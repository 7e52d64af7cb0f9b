import type { AuditEvent } from "@openclaw/gateway-core";
import t from "tap";
import { auditEnd, auditToken } from "./audit.js";
import { NO_TENANT, type JobRecord } from "./types.js";

const ended: JobRecord = {
  id: "j1",
  type: "backup",
  tenant: "acme",
  trigger: "cron",
  actor: "admin",
  request: { to: "dest:offsite" },
  state: "succeeded",
  createdAt: 0,
  result: { location: "s3://bucket/a.tar.zst", size: 7 },
  warnings: [],
};

function recorded(record: (audit: { record(event: AuditEvent): void }) => void): AuditEvent[] {
  const events: AuditEvent[] = [];
  record({ record: (event) => void events.push(JSON.parse(JSON.stringify(event)) as AuditEvent) });
  return events;
}

t.test("a job's end is on record under the name of who asked for it", (t) => {
  t.same(
    recorded((audit) => auditEnd(audit, ended)),
    [
      {
        actor: "admin",
        action: "job.backup",
        tenant: "acme",
        result: "succeeded",
        details: { job: "j1", trigger: "cron", location: "s3://bucket/a.tar.zst" },
      },
    ],
  );
  const failed: JobRecord = {
    ...ended,
    type: "rebuild",
    tenant: NO_TENANT,
    actor: "tenant:acme",
    state: "failed",
    request: { dryRun: true, from: "/srv/a.tar.zst" },
    result: undefined,
    error: { code: "STORE_DENIED", message: "Not for you." },
    warnings: [{ code: "CHANGED", message: "It changed." }],
  } as unknown as JobRecord;
  t.same(
    recorded((audit) => auditEnd(audit, failed)),
    [
      {
        actor: "tenant:acme",
        action: "job.rebuild",
        result: "failed",
        code: "STORE_DENIED",
        details: { job: "j1", trigger: "cron", from: "/srv/a.tar.zst", dryRun: true, warnings: 1 },
      },
    ],
  );
  t.end();
});

t.test("that a token was given is on record, and not the token", (t) => {
  t.same(
    recorded((audit) => auditToken(audit, ended, "admin")),
    [{ actor: "admin", action: "token.given", tenant: "acme", result: "given", details: { job: "j1" } }],
  );
  t.end();
});
