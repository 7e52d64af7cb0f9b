/** The trash: what swaps replaced, which of it can be undone, and its end. */
import path from "node:path";
import type { Clock, PluginLogger } from "@openclaw/gateway-core";
import { BackupError, toBackupError } from "../errors.js";
import type { Ledger } from "./ledger/ledger.js";
import type { TrashRecord } from "./ledger/trash.js";
import { removeTree } from "./remove-tree.js";

export interface TrashOptions {
  readonly ledger: Pick<Ledger, "jobs" | "trash">;
  readonly clock: Clock;
  readonly log: PluginLogger;
}

export class Trash {
  readonly #ledger: TrashOptions["ledger"];
  readonly #clock: Clock;
  readonly #log: PluginLogger;

  constructor(options: TrashOptions) {
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * What the undo of a job has to put back: `tree` (undefined: it makes the slot empty) of the tenant `replacedUid`.
   * Throws `JOB_NOT_FOUND`, or `UNDO_NOT_POSSIBLE` with the reason.
   *
   * Undo goes ahead when the tenant that the job put into the slot still stands there, whatever has been done with it
   * since, because it goes to trash itself; and when the slot is empty. It never displaces another tenant.
   *
   * @param currentUid Uid of the tenant in the slot now; undefined: the slot is empty.
   */
  undoable(jobId: string, currentUid: (tenant: string) => string | undefined): TrashRecord {
    const job = this.#ledger.jobs.get(jobId);
    if (job === undefined) throw new BackupError("JOB_NOT_FOUND", `There is no job ${jobId}.`);
    const record = this.#ledger.trash.get(jobId);
    const reason =
      record === undefined
        ? `it is a ${job.type} that ${job.state === "succeeded" ? "replaced nothing" : `is ${job.state}`}`
        : (this.#goneReason(record) ?? slotReason(record, currentUid(record.tenant)));
    if (record === undefined || reason !== undefined) {
      throw new BackupError(
        "UNDO_NOT_POSSIBLE",
        `Job ${jobId} on tenant ${job.tenant} cannot be undone: ${reason}.`,
      );
    }
    return record;
  }

  /** Removes what has expired. Never rejects: what cannot be removed now is logged, and tried again the next time. */
  async purge(): Promise<void> {
    try {
      this.#ledger.trash.expire(this.#clock.now());
      for (const record of this.#ledger.trash.inState("purging")) await this.#remove(record);
    } catch (error) {
      const problem = toBackupError(error, "look for expired trash").message;
      this.#log.error({ problem }, "The trash could not be looked after.");
    }
  }

  async #remove({ jobId, tenant, tree }: TrashRecord): Promise<void> {
    try {
      if (tree !== undefined) await removeTree(path.dirname(tree));
      this.#ledger.trash.changeState(jobId, "purging", "purged");
    } catch (error) {
      const problem = toBackupError(error, "remove expired trash").message;
      this.#log.warn({ jobId, tenant, problem }, "Expired trash could not be removed.");
    }
  }

  #goneReason({ state, expiresAt }: TrashRecord): string | undefined {
    switch (state) {
      case "undoing":
        return "an undo of it is at work";
      case "undone":
        return "it was undone already";
      case "purging":
      case "purged":
        return expired(expiresAt);
      case "kept":
        return expiresAt <= this.#clock.now() ? expired(expiresAt) : undefined;
    }
  }
}

function expired(expiresAt: number): string {
  return `what it replaced was kept until ${new Date(expiresAt).toISOString()}`;
}

function slotReason(record: TrashRecord, currentUid: string | undefined): string | undefined {
  if (currentUid === undefined) {
    return record.tree === undefined ? "its slot is empty, as it was before" : undefined;
  }
  return currentUid === record.installedUid ? undefined : "another tenant stands in its slot now";
}
