/** The tenants' directory: every tenant whole and served, nothing lying about, the trash as the ledger has it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Disagreement } from "./disagreement.js";
import type { LedgerRows, TrashRow } from "./ledger.js";

/** A gateway that runs on the state. */
export interface RunningGateway {
  readonly url: string;
  readonly adminToken: string;
}

const TENANT_ID = /^[a-z0-9][a-z0-9_-]{0,31}$/;

export function checkDirectories(stateDirectory: string): Disagreement[] {
  const tenants = join(stateDirectory, "tenants");
  return [
    ...entries(join(tenants, ".staging")).map((name) => ({ kind: "staging" as const, what: name })),
    ...entries(join(stateDirectory, "backup", "tmp")).map((name) => ({
      kind: "temporary" as const,
      what: name,
    })),
    ...entries(tenants)
      .filter((name) => name !== ".staging" && name !== ".trash")
      .flatMap((name) => checkTenant(tenants, name)),
  ];
}

function checkTenant(tenants: string, name: string): Disagreement[] {
  if (!TENANT_ID.test(name)) return [{ kind: "tenant", what: `${name} is no tenant's directory` }];
  const record = readRecord(join(tenants, name));
  if (typeof record === "string") return [{ kind: "tenant", what: `${name}: ${record}` }];
  if (record.id === name) return [];
  return [{ kind: "tenant", what: `the tenant.json of ${name} is that of ${String(record.id)}` }];
}

/** What is kept for undo lies in the trash, whole; nothing else does. */
export function checkTrash(stateDirectory: string, { trash }: LedgerRows): Disagreement[] {
  const directory = join(stateDirectory, "tenants", ".trash");
  const kept = trash.filter(({ state, tree }) => state === "kept" && tree !== null);
  const expected = new Set(kept.map(({ job_id }) => job_id));
  const problems = [
    ...entries(directory)
      .filter((name) => !expected.has(name))
      .map((name) => `the ledger does not keep ${name}`),
    ...trash
      .filter(({ state }) => state === "undoing" || state === "purging")
      .map(({ job_id, state }) => `what job ${job_id} replaced is ${state}`),
    ...kept.flatMap((row) => checkKept(directory, row)),
  ];
  return problems.map((what) => ({ kind: "trash", what }));
}

function checkKept(directory: string, { job_id, tree, tenant, replaced_uid }: TrashRow): string[] {
  const expected = join(directory, job_id, "tree");
  if (tree !== expected) return [`job ${job_id} keeps ${String(tree)} instead of ${expected}`];
  // Of a restore of paths only what stood there is kept, and a journal of where that was.
  if (existsSync(join(directory, job_id, `${job_id}.paths`)))
    return existsSync(expected) ? [] : [`what job ${job_id} replaced is not there`];
  const record = readRecord(expected);
  if (typeof record === "string") return [`the tree that job ${job_id} replaced: ${record}`];
  return record.id === tenant && record.uid === replaced_uid
    ? []
    : [
        `job ${job_id} keeps ${String(record.id)}, uid ${String(record.uid)}, instead of ${tenant}, uid ${String(replaced_uid)}`,
      ];
}

/** @param tokens Tokens that tenants are known to have, by tenant. */
export async function checkServed(
  stateDirectory: string,
  { url, adminToken }: RunningGateway,
  tokens: ReadonlyMap<string, string>,
): Promise<Disagreement[]> {
  const standing = entries(join(stateDirectory, "tenants")).filter((name) => TENANT_ID.test(name));
  const { tenants } = (await call(`${url}/api/admin/tenants`, adminToken)) as {
    tenants: readonly { id: string; suspended: boolean }[];
  };
  const problems = [
    ...standing
      .filter((id) => !tenants.some((one) => one.id === id))
      .map((id) => `the gateway does not know ${id}`),
    ...tenants
      .filter(({ id }) => !standing.includes(id))
      .map(({ id }) => `the gateway has ${id}, the disk has not`),
    ...tenants.filter(({ suspended }) => suspended).map(({ id }) => `${id} is suspended`),
  ];
  for (const [id, token] of tokens) {
    const answer = (await call(`${url}/api/tenant/whoami`, token)) as { tenant?: string; code?: string };
    if (answer.tenant !== id)
      problems.push(`${id} calls, and is told ${String(answer.tenant ?? answer.code)}`);
  }
  return problems.map((what) => ({ kind: "tenant", what }));
}

async function call(url: string, token: string): Promise<unknown> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return answer.json();
}

/** The identity in a tree's `tenant.json`, or what is wrong with it. */
function readRecord(tree: string): { readonly id: unknown; readonly uid: unknown } | string {
  try {
    const record = JSON.parse(readFileSync(join(tree, "tenant.json"), "utf8")) as Record<string, unknown>;
    const { id, uid, tokenSha256 } = record;
    if (!/^[0-9a-f]{32}$/.test(String(uid))) return "tenant.json has no uid";
    if (!/^[0-9a-f]{64}$/.test(String(tokenSha256))) return "tenant.json has no hash of a token";
    return { id, uid };
  } catch (error) {
    return `tenant.json cannot be read: ${String(error)}`;
  }
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}
