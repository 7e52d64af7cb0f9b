/** Audit logs in a directory of a test's own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Test } from "tap";
import { AuditLog, type AuditConfig } from "../audit/audit-log.js";
import type { AuditEntry, AuditLine } from "../audit/line.js";
import { verifyLog, type Verification } from "../audit/verify.js";
import { createLogger } from "../http/logger.js";
import type { PluginLogger } from "../plugin/host.js";

export const MARCH = Date.parse("2026-03-07T02:00:00Z");

export function auditDirectory(t: Test): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), "gateway-audit-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return path.join(directory, "audit");
}

export class AuditBed {
  readonly directory: string;
  now = MARCH;
  readonly #log: PluginLogger;

  constructor(t: Test, log: PluginLogger = createLogger("silent")) {
    this.directory = auditDirectory(t);
    this.#log = log;
  }

  open(config: Partial<AuditConfig> = {}): Promise<AuditLog> {
    return AuditLog.open({
      directory: this.directory,
      clock: { now: () => this.now },
      log: this.#log,
      keepDays: 400,
      maxFileBytes: 16 * 1024 ** 2,
      ...config,
    });
  }

  /** Names of the log's files, the oldest first. */
  files(): string[] {
    return readdirSync(this.directory).sort();
  }

  read(name: string): string {
    return readFileSync(path.join(this.directory, name), "utf8");
  }

  write(name: string, content: string | Buffer): void {
    writeFileSync(path.join(this.directory, name), content, { mode: 0o600 });
  }

  /** All lines that are on disk and can be read. */
  lines(): AuditLine[] {
    return this.files().flatMap((name) =>
      this.read(name)
        .split("\n")
        .filter((text) => text.endsWith('"}'))
        .map((text) => JSON.parse(text) as AuditLine),
    );
  }
}

export function entry(fields: Partial<AuditEntry> = {}): AuditEntry {
  return {
    actor: "admin",
    action: "DELETE /api/admin/tenants/:id",
    tenant: "acme",
    result: "200",
    ...fields,
  };
}

export function verify(log: AuditLog, noted?: { seq: number; hash: string }): Promise<Verification> {
  return log.read((snapshot) => verifyLog(snapshot, noted));
}
