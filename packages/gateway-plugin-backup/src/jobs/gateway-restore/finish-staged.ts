/** The last touches to a staged state, before it takes its place. */
import { chmodSync, copyFileSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { syncTree } from "../../archive/sync-tree.js";
import type { TreeTotals } from "../../archive/tree-receiver.js";

/** What the next start of the gateway looks into, and `status` shows: `backup/post-restore.json`. */
export interface PostRestore {
  readonly job: string;
  readonly from: string;
  /** When the backup was made; absent where nobody knows. RFC 3339, like the next. */
  readonly createdAt?: string;
  readonly restoredAt: string;
  readonly expected: { readonly tenants: number; readonly files: number; readonly bytes: number };
}

export interface StagedState extends Omit<PostRestore, "expected"> {
  /** The state's, and the workspace's where it has a volume of its own. */
  readonly staged: readonly string[];
  /** The state directory that it is going to replace. */
  readonly root: string;
  /** See `RestoredGateway`. */
  readonly privateKeys: readonly string[];
  readonly totals: TreeTotals;
}

/** Completes the staged state and makes everything durable. Returns how many tenants it has. */
export async function finishStagedState(state: StagedState): Promise<number> {
  const { staged, root, privateKeys, totals, job, from, createdAt, restoredAt } = state;
  const [top = ""] = staged;
  // The archive's mode of the root may lack what it takes to write into it, and to move things out of it.
  for (const directory of staged) chmodSync(directory, 0o700);
  for (const file of privateKeys) carryOver(root, top, relative(root, file));
  const tenants = tenantsIn(join(top, "tenants"));
  const marker: PostRestore = {
    ...{ job, from, ...(createdAt === undefined ? {} : { createdAt }), restoredAt },
    expected: { tenants, files: totals.files, bytes: totals.contentBytes },
  };
  mkdirSync(join(top, "backup"), { recursive: true, mode: 0o700 });
  writeFileSync(join(top, "backup", "post-restore.json"), `${JSON.stringify(marker, undefined, 2)}\n`, {
    mode: 0o600,
  });
  for (const directory of staged) await syncTree(directory);
  return tenants;
}

/** A key that is here, and not in the archive, stays: with another, what this gateway has signed would be a stranger's. */
function carryOver(root: string, top: string, file: string): void {
  const target = join(top, file);
  if (!isRegular(join(root, file)) || exists(target)) return;
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  copyFileSync(join(root, file), target);
  chmodSync(target, 0o600);
}

function tenantsIn(directory: string): number {
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return 0;
  return readdirSync(directory).filter((name) => isRegular(join(directory, name, "tenant.json"))).length;
}

function isRegular(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
