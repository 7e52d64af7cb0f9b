/**
 * The swap: a staged tree takes the place of a tenant, by rename, so that at any moment either the old tenant is whole or
 * the new one is.
 *
 *     journal: prepared     (durable, with every path)
 *     live   → trash        (unless the slot was empty)
 *     staged → live         (unless the slot is to become empty)
 *     fsync of the directories that changed
 *     journal: done         (with what can be undone, in one transaction)
 *
 * A crash leaves the journal at `prepared`, and what exists tells how far the swap came, because no path is used twice:
 *
 *     the slot was taken:    nothing in trash → not begun.  Something in trash → begun.
 *     the slot was empty:    nothing at live → not begun.   Something at live → begun.
 *
 * A swap that was not begun is taken back, one that was begun is carried on to its end: its staged tree was made durable
 * before the journal was written. Existence decides, not inode numbers, which some file systems give out anew at each
 * mount; and no rename here can fall on something that exists, so even a slot that a person has touched in between
 * loses nothing. Settling may be cut off, too, and be done again.
 *
 * An undo is the same swap with the trash of the job it takes back as its staged tree.
 *
 * A swap of single paths (`archive/access/path-swap.ts`) has the same journal. Its renames are made by `movePaths`, which
 * is told by what exists how far they came, path by path; it is always carried on, or else taken back.
 */
import path from "node:path";
import type { Clock } from "@openclaw/gateway-core";
import { BackupError, toBackupError } from "../errors.js";
import type { Ledger } from "./ledger/ledger.js";
import type { SwapKind, SwapRecord } from "./ledger/swaps.js";
import { nodeSwapDisk, type SwapDisk } from "./swap-disk.js";
import type { JsonObject } from "./types.js";

export interface SwapOptions {
  readonly ledger: Pick<Ledger, "swaps" | "trash" | "transaction">;
  readonly clock: Clock;
  readonly paths: SwapPaths;
  /** How long what was replaced is kept for undo. */
  readonly trashMs: number;
  /** Default: the real one. */
  readonly disk?: SwapDisk;
  /** Makes the renames of a swap of paths, those that are left to be made, or takes those back that were made. */
  readonly movePaths: (swap: SwapRecord, direction: "forward" | "back") => Promise<void>;
}

/** Directories on one file system. */
export interface SwapPaths {
  /** Holds the live tenants, by id. */
  readonly tenants: string;
  readonly trash: string;
}

export interface SwapRequest {
  /** Default: a whole tenant. */
  readonly kind?: SwapKind;
  readonly jobId: string;
  /** A checked tenant id. */
  readonly tenant: string;
  /** The tree that goes in, made durable already; undefined: the slot becomes empty. */
  readonly staged: string | undefined;
  /** Uid of the tenant in the staged tree. */
  readonly installedUid: string | undefined;
  /** Uid of the tenant that stands in the slot now. */
  readonly replacedUid: string | undefined;
  /** The job whose swap this one takes back. */
  readonly undoes?: string;
  /** What the job will report: noted as its result if the gateway dies and the next start finishes the swap. */
  readonly result: JsonObject;
}

/** How a swap that a crash cut off was settled. */
export type SwapSettlement =
  | { readonly jobId: string; readonly tenant: string; readonly outcome: "old" | "new" }
  /** Left as it is; tried again at the next start. */
  | { readonly jobId: string; readonly tenant: string; readonly outcome: "unclear"; readonly reason: string };

export class TenantSwap {
  readonly #ledger: SwapOptions["ledger"];
  readonly #clock: Clock;
  readonly #paths: SwapPaths;
  readonly #trashMs: number;
  readonly #disk: SwapDisk;
  readonly #movePaths: SwapOptions["movePaths"];

  constructor(options: SwapOptions) {
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#paths = options.paths;
    this.#trashMs = options.trashMs;
    this.#disk = options.disk ?? nodeSwapDisk;
    this.#movePaths = options.movePaths;
  }

  /**
   * Swaps. The caller holds the tenant's claim and has suspended it. When this rejects, the old tenant stands as before,
   * unless the message says otherwise; codes are those of a failing disk or ledger, and `UNDO_NOT_POSSIBLE`.
   */
  async swap(request: SwapRequest): Promise<void> {
    const swap = await this.#prepare(request);
    try {
      if (swap.kind === "paths") {
        await this.#movePaths(swap, "forward");
      } else {
        await this.#moveOut(swap);
        await this.#moveIn(swap);
      }
    } catch (error) {
      throw await this.#giveUp(swap, error);
    }
    try {
      await this.#finish(swap);
    } catch (error) {
      throw toBackupError(
        error,
        `note that tenant ${swap.tenant} was replaced (it was; the next start of the gateway completes the record)`,
      );
    }
  }

  /** Settles what a crash cut off, oldest first. Call it before any tenant is served. */
  async recover(): Promise<SwapSettlement[]> {
    const settlements: SwapSettlement[] = [];
    for (const swap of this.#ledger.swaps.open()) {
      const { jobId, tenant } = swap;
      try {
        settlements.push({ jobId, tenant, outcome: await this.#settle(swap) });
      } catch (error) {
        const reason = toBackupError(error, `settle the swap of tenant ${tenant}`).message;
        settlements.push({ jobId, tenant, outcome: "unclear", reason });
      }
    }
    return settlements;
  }

  async #prepare(request: SwapRequest): Promise<SwapRecord> {
    const { jobId, tenant, staged, undoes } = request;
    const live = path.join(this.#paths.tenants, tenant);
    const taken = await this.#disk.exists(live);
    if (staged === undefined ? !taken : !(await this.#disk.exists(staged))) {
      throw new BackupError(
        undoes === undefined ? "IO_FAILED" : "UNDO_NOT_POSSIBLE",
        `Tenant ${tenant} stays as it is: ${staged === undefined ? "its slot is empty already" : `${staged} is gone`}.`,
      );
    }
    const now = this.#clock.now();
    const swap: SwapRecord = {
      kind: request.kind ?? "tenant",
      jobId,
      tenant,
      staged,
      live,
      trash: taken ? path.join(this.#paths.trash, jobId, "tree") : undefined,
      installedUid: request.installedUid,
      replacedUid: request.replacedUid,
      undoes,
      result: request.result,
      phase: "prepared",
      createdAt: now,
      expiresAt: now + this.#trashMs,
    };
    this.#ledger.transaction(() => {
      if (undoes !== undefined && !this.#ledger.trash.changeState(undoes, "kept", "undoing")) {
        throw new BackupError("UNDO_NOT_POSSIBLE", `What job ${undoes} replaced is not kept any more.`);
      }
      this.#ledger.swaps.insert(swap);
    });
    return swap;
  }

  async #moveOut({ live, trash }: SwapRecord): Promise<void> {
    if (trash === undefined) return;
    await this.#disk.makeDirectory(path.dirname(trash));
    await this.#disk.syncDirectory(this.#paths.trash);
    await this.#disk.rename(live, trash);
  }

  async #moveIn({ staged, live }: SwapRecord): Promise<void> {
    if (staged !== undefined) await this.#disk.rename(staged, live);
  }

  /** Makes a swap whose renames are made durable, and notes it. */
  async #finish(swap: SwapRecord): Promise<void> {
    const { jobId, staged, live, trash, undoes } = swap;
    await this.#disk.syncDirectory(path.dirname(live));
    if (trash !== undefined) await this.#disk.syncDirectory(path.dirname(trash));
    if (staged !== undefined) {
      await this.#disk.syncDirectory(path.dirname(staged));
      await this.#disk.removeEmptyDirectory(path.dirname(staged));
    }
    this.#ledger.transaction(() => {
      this.#ledger.trash.insert({ ...swap, tree: trash });
      if (undoes !== undefined) this.#ledger.trash.changeState(undoes, "undoing", "undone");
      this.#ledger.swaps.setPhase(jobId, "done");
    });
  }

  /** Puts the old tenant back, if it was moved. Never displaces what stands in the slot. */
  async #putBack(swap: SwapRecord): Promise<void> {
    if (swap.kind === "paths") return this.#movePaths(swap, "back");
    const { live, trash } = swap;
    if (trash === undefined) return;
    if (!(await this.#disk.exists(live))) await this.#disk.rename(trash, live);
    else if (await this.#disk.exists(trash))
      throw new BackupError("IO_FAILED", `Both ${live} and ${trash} exist.`);
    await this.#disk.syncDirectory(path.dirname(live));
    await this.#disk.removeEmptyDirectory(path.dirname(trash));
  }

  #noteRolledBack({ jobId, undoes }: SwapRecord): void {
    this.#ledger.transaction(() => {
      if (undoes !== undefined) this.#ledger.trash.changeState(undoes, "undoing", "kept");
      this.#ledger.swaps.setPhase(jobId, "rolled-back");
    });
  }

  /** Puts the old tenant back; gives what the caller throws. */
  async #giveUp(swap: SwapRecord, failure: unknown): Promise<BackupError> {
    const error = toBackupError(failure, `replace tenant ${swap.tenant}`);
    // Noted before the tree is back, so that after a crash in between the next start does not carry the swap on. A
    // ledger that fails here must not keep the tree from going back; the next start makes up for the missing notes.
    attempt(() => this.#ledger.swaps.setPhase(swap.jobId, "rolling-back"));
    try {
      await this.#putBack(swap);
    } catch (second) {
      const reason = toBackupError(second, "put the old one back").message;
      return new BackupError(
        error.code,
        `${error.message} ${reason} The next start of the gateway settles it.`,
        {
          cause: second,
        },
      );
    }
    attempt(() => this.#noteRolledBack(swap));
    return error;
  }

  async #settle(swap: SwapRecord): Promise<"old" | "new"> {
    if (swap.kind === "paths") return this.#settlePaths(swap);
    if (swap.phase === "prepared" && (await this.#begun(swap)) && (await this.#canEnd(swap))) {
      if (!(await this.#disk.exists(swap.live))) await this.#moveIn(swap);
      await this.#finish(swap);
      return "new";
    }
    await this.#putBack(swap);
    this.#noteRolledBack(swap);
    return "old";
  }

  async #settlePaths(swap: SwapRecord): Promise<"old" | "new"> {
    if (swap.phase === "prepared") {
      try {
        await this.#movePaths(swap, "forward");
        await this.#finish(swap);
        return "new";
      } catch {
        // Something stands in the way that did not when it was prepared.
        this.#ledger.swaps.setPhase(swap.jobId, "rolling-back");
      }
    }
    await this.#movePaths(swap, "back");
    this.#noteRolledBack(swap);
    return "old";
  }

  #begun({ live, trash }: SwapRecord): Promise<boolean> {
    return this.#disk.exists(trash ?? live);
  }
  /** False where somebody has removed the staged tree before it was moved in. */
  async #canEnd({ staged, live }: SwapRecord): Promise<boolean> {
    return staged === undefined || (await this.#disk.exists(live)) || (await this.#disk.exists(staged));
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The caller says why this may fail.
  }
}
