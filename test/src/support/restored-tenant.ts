/**
 * Is a restored tenant the same as its source? Everything must be, apart from what a restore is specified to leave out or
 * rewrite: that is judged here by its meaning, entry by entry, and whatever is not explained stays a difference.
 */
import Database from "better-sqlite3";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diffTrees } from "./tree-diff.js";
import type { Difference } from "./tree-diff.js";

export interface RestoredTenant {
  /** The tenant's directory as it was backed up; nothing may have changed in it since. */
  readonly source: string;
  readonly restored: string;
  /** Restored under this other name. */
  readonly renamedTo?: string;
  /** Databases of the source, relative to it. They are archived as SQLite's online backup copies them. */
  readonly databases: readonly string[];
}

/** The differences that the contract does not explain: none, if all is well. */
export function unexplainedDifferences(tenant: RestoredTenant): Difference[] {
  return diffTrees(tenant.source, tenant.restored).filter((difference) => !isExplained(tenant, difference));
}

function isExplained(tenant: RestoredTenant, { path, aspect }: Difference): boolean {
  // Ephemeral terminal state is never archived.
  if (path === "pty") return aspect === "only-left";
  // The record is written anew, which also touches the tenant's own directory.
  if (path === "") return aspect === "mtime";
  if (path === "tenant.json") {
    return (
      aspect === "mtime" || ((aspect === "content" || aspect === "size") && recordIsRewrittenRight(tenant))
    );
  }
  if (tenant.renamedTo !== undefined && (path === "cron" || path === "cron/jobs.json")) {
    return aspect === "mtime" || ((aspect === "content" || aspect === "size") && onlyDisabled(tenant));
  }
  if (tenant.databases.includes(path)) {
    return (
      (aspect === "content" || aspect === "size") &&
      sameRows(join(tenant.source, path), join(tenant.restored, path))
    );
  }
  // A database's companions belong to it: the copy has their content in it.
  const database = tenant.databases.find((name) => path === `${name}-wal` || path === `${name}-shm`);
  return database !== undefined && aspect === "only-left";
}

function recordIsRewrittenRight({ source, restored, renamedTo }: RestoredTenant): boolean {
  const before = readRecord(join(source, "tenant.json"));
  const after = readRecord(join(restored, "tenant.json"));
  const { id, uid, tokenSha256, ...rest } = before;
  const { id: newId, uid: newUid, tokenSha256: newToken, ...newRest } = after;
  if (JSON.stringify(rest) !== JSON.stringify(newRest)) return false;
  if (renamedTo === undefined) return id === newId && uid === newUid && tokenSha256 === newToken;
  return newId === renamedTo && newUid !== uid;
}

function onlyDisabled({ source, restored }: RestoredTenant): boolean {
  const before = readRecord(join(source, "cron/jobs.json"));
  const after = readRecord(join(restored, "cron/jobs.json"));
  const jobs = before["jobs"];
  if (!Array.isArray(jobs)) return false;
  const disabled = jobs.map((job: unknown) => ({ ...asObject(job), enabled: false }));
  return JSON.stringify({ ...before, jobs: disabled }) === JSON.stringify(after);
}

function readRecord(path: string): Record<string, unknown> {
  return asObject(JSON.parse(readFileSync(path, "utf8")));
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error("not an object");
  return { ...value };
}

function sameRows(left: string, right: string): boolean {
  return databaseDigest(left) === databaseDigest(right);
}

/**
 * A hash over the schema and all rows, and the verdict of `integrity_check`, read from a copy: opening a database where it
 * lies would leave traces in the tree that is compared.
 */
export function databaseDigest(path: string): string {
  const directory = mkdtempSync(join(tmpdir(), "openclaw-digest-"));
  try {
    const copy = join(directory, "copy.sqlite");
    copyFileSync(path, copy);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
    const database = new Database(copy);
    try {
      return digest(database);
    } finally {
      database.close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function digest(database: Database.Database): string {
  const verdict: unknown = database.pragma("integrity_check", { simple: true });
  if (verdict !== "ok") return `damaged: ${String(verdict)}`;
  const hash = createHash("sha256");
  const schema = database
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .raw()
    .all();
  hash.update(JSON.stringify(schema));
  for (const [name] of schema as [string, string][]) {
    for (const row of database.prepare(`SELECT * FROM "${name}"`).raw().iterate()) {
      for (const value of row as unknown[]) {
        hash.update(Buffer.isBuffer(value) ? value : `${typeof value} ${String(value)}\n`);
      }
    }
  }
  return hash.digest("hex");
}
