/**
 * `cron/approvals.json`: hashes of the schedules that an admin has approved. It lies outside the tenants' directories, so
 * that nothing that a tenant's archive brings along can approve itself.
 */
import { type Static, Type } from "@openclaw/schema";
import { MAX_BYTES_OF_GATEWAY, readJsonFile, writeJsonFile, type JsonFiles } from "./json-file.js";
import { ownerKey, type Owner } from "./owner.js";
import { approvalHash, type Schedule } from "./schedule.js";

const Approval = Type.Object({
  /** {@link ownerKey} and name of the schedule, to find what belongs to one that is removed. */
  owner: Type.String(),
  name: Type.String(),
  /** SHA-256, see `approvalHash`. */
  hash: Type.String(),
  /** RFC 3339. */
  at: Type.String(),
  /** An admin has switched the schedule off: it does not run though its file says that it is enabled. */
  off: Type.Optional(Type.Literal(true)),
});

const FileSchema = Type.Object({ version: Type.Literal(1), approvals: Type.Array(Approval) });

export class Approvals {
  readonly #file: string;
  readonly #files: JsonFiles;
  /** By hash. */
  #approvals = new Map<string, Static<typeof Approval>>();
  /** Writes go one after the other. */
  #written: Promise<void> = Promise.resolve();

  constructor(file: string, files: JsonFiles) {
    this.#file = file;
    this.#files = files;
  }

  async load(): Promise<void> {
    const content = await readJsonFile(this.#files, this.#file, FileSchema, {
      maxBytes: MAX_BYTES_OF_GATEWAY,
    });
    this.#approvals = new Map((content?.approvals ?? []).map((approval) => [approval.hash, approval]));
  }

  has(owner: Owner, schedule: Schedule): boolean {
    return this.#approvals.has(approvalHash(owner, schedule));
  }

  /** Whether an admin has approved it, and has switched it off. */
  isOff(owner: Owner, schedule: Schedule): boolean {
    return this.#approvals.get(approvalHash(owner, schedule))?.off === true;
  }

  /** Notes that an admin switches a schedule on or off, if it is an approved one. */
  async setOff(owner: Owner, schedule: Schedule, off: boolean): Promise<void> {
    const approval = this.#approvals.get(approvalHash(owner, schedule));
    if (approval === undefined || (approval.off === true) === off) return;
    const { off: _, ...on } = approval;
    this.#approvals.set(approval.hash, off ? { ...on, off } : on);
    await this.#write();
  }

  /** Approves a schedule as it is now; what was approved under its name before is so no longer. */
  async approve(owner: Owner, schedule: Schedule): Promise<void> {
    this.#drop(owner, schedule.name);
    const hash = approvalHash(owner, schedule);
    const at = new Date(this.#files.clock.now()).toISOString();
    this.#approvals.set(hash, { owner: ownerKey(owner), name: schedule.name, hash, at });
    await this.#write();
  }

  async withdraw(owner: Owner, name: string): Promise<void> {
    if (this.#drop(owner, name)) await this.#write();
  }

  #drop(owner: Owner, name: string): boolean {
    let dropped = false;
    for (const [hash, approval] of this.#approvals) {
      if (approval.owner === ownerKey(owner) && approval.name === name)
        dropped = this.#approvals.delete(hash) || dropped;
    }
    return dropped;
  }

  #write(): Promise<void> {
    const write = (): Promise<void> =>
      writeJsonFile(this.#file, { version: 1, approvals: [...this.#approvals.values()] });
    // A write that failed was its caller's to hear of; the next one writes all of it.
    this.#written = this.#written.then(write, write);
    return this.#written;
  }
}
