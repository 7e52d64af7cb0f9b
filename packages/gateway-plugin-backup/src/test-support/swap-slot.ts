import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Test } from "tap";
import { Ledger } from "../jobs/ledger/ledger.js";
import { nodeSwapDisk, type SwapDisk } from "../jobs/swap-disk.js";
import { TenantSwap, type SwapOptions, type SwapRequest } from "../jobs/swap.js";
import { FakeTime } from "./fake-time.js";

export const TRASH_MS = 24 * 3_600_000;

/** A state directory with a slot for tenant `acme`, and the ledger. */
export class SwapSlot {
  readonly root: string;
  readonly ledger: Ledger;
  readonly time = new FakeTime();

  /** @param root An empty directory. */
  constructor(t: Test, root: string = t.testdir()) {
    this.root = root;
    mkdirSync(path.join(this.trashRoot), { recursive: true });
    this.ledger = Ledger.open(this.ledgerFile);
    t.teardown(() => this.ledger.close());
  }

  get ledgerFile(): string {
    return path.join(this.root, "ledger.sqlite");
  }

  get tenants(): string {
    return path.join(this.root, "tenants");
  }

  get trashRoot(): string {
    return path.join(this.tenants, ".trash");
  }

  get live(): string {
    return path.join(this.tenants, "acme");
  }

  staged(jobId: string): string {
    return path.join(this.tenants, ".staging", jobId, "tree");
  }

  trash(jobId: string): string {
    return path.join(this.trashRoot, jobId, "tree");
  }

  swap(disk: SwapDisk = nodeSwapDisk, ledger: SwapOptions["ledger"] = this.ledger): TenantSwap {
    const paths = { tenants: this.tenants, trash: this.trashRoot };
    return new TenantSwap({
      movePaths: () => Promise.resolve(),
      ledger,
      clock: this.time,
      paths,
      trashMs: TRASH_MS,
      disk,
    });
  }

  addJob(id: string, type: "restore" | "undo"): void {
    this.ledger.jobs.insert({
      id,
      type,
      tenant: "acme",
      trigger: "api",
      actor: "admin",
      request: {},
      state: "queued",
      createdAt: 1,
      warnings: [],
    });
    this.ledger.jobs.start(id, 2, undefined);
  }

  /** A restore of the tenant `uid`, staged and ready to be swapped in. */
  restore(jobId: string, uid: string, replacedUid: string | undefined): SwapRequest {
    this.addJob(jobId, "restore");
    const staged = this.staged(jobId);
    writeTree(staged, uid);
    return { jobId, tenant: "acme", staged, installedUid: uid, replacedUid, result: { restored: uid } };
  }

  /** The undo of a job, as its trash record says. */
  undo(jobId: string, undoes: string): SwapRequest {
    this.addJob(jobId, "undo");
    const record = this.ledger.trash.get(undoes);
    if (record === undefined) throw new Error(`Job ${undoes} has nothing in the trash.`);
    return {
      jobId,
      tenant: "acme",
      staged: record.tree,
      installedUid: record.replacedUid,
      replacedUid: record.installedUid,
      undoes,
      result: { undone: undoes },
    };
  }
}

/** A small tenant, each of whose files holds its uid. */
export function writeTree(directory: string, uid: string): void {
  mkdirSync(path.join(directory, "sessions"), { recursive: true });
  writeFileSync(path.join(directory, "tenant.json"), uid);
  writeFileSync(path.join(directory, "sessions", "a.jsonl"), uid);
}

/** The uid of a tree that is whole; undefined when there is none. Throws for a part or a mixture. */
export function treeUid(directory: string): string | undefined {
  if (!existsSync(directory)) return undefined;
  const uid = readFileSync(path.join(directory, "tenant.json"), "utf8");
  if (readFileSync(path.join(directory, "sessions", "a.jsonl"), "utf8") !== uid) throw new Error("a mixture");
  return uid;
}
