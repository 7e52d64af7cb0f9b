import { GatewayError } from "../errors.js";
import type { Hooks } from "../plugin/hook-bus.js";
import type {
  Claim,
  ClaimRefused,
  Clock,
  NewToken,
  PluginLogger,
  Suspension,
  TenantAccess,
  TenantRecord,
} from "../plugin/host.js";
import type { GatewayPaths } from "../state/directory.js";
import { errorText } from "../system-error.js";
import { Claims } from "./claims.js";
import { NOTHING, TenantDisk } from "./disk.js";
import { TenantGate } from "./gate.js";
import { differences, TenantNotes, type TenantNote } from "./notes.js";
import { newTenantRecord, parseTenantRecord } from "./record.js";
import { TenantRegistry, type BrokenTenant } from "./registry.js";
import { assertTenantId } from "./tenant-id.js";
import { newToken } from "./token.js";

export interface TenantsOptions {
  readonly paths: GatewayPaths;
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly log: PluginLogger;
  /** For a doctor that looks at the tenants of a gateway that is down: what is seen is not noted. */
  readonly notesNothing?: true;
}

/** A tenant whose `tenant.json` does not say what counts. */
export interface AlteredRecord {
  readonly id: string;
  /** A clause: `it says something else of quotas`. */
  readonly problem: string;
  /** There is no file that says anything else. */
  readonly isMissing?: true;
}

/** A tenant of which the gateway has a note, and no directory. */
export interface UnansweredNote {
  readonly id: string;
  /** A crash has cut off a swap, which the next start settles. */
  readonly isSuspended: boolean;
}

/** The tenants of this gateway, as plugins see them, over the parts that do the work. */
export class Tenants implements TenantAccess {
  readonly registry = new TenantRegistry();
  readonly gate = new TenantGate();
  readonly disk: TenantDisk;
  readonly notes: TenantNotes;
  readonly #claims = new Claims();
  readonly #hooks: Hooks;
  readonly #clock: Clock;
  readonly #log: PluginLogger;
  readonly #notesNothing: boolean;

  constructor(options: TenantsOptions) {
    this.disk = new TenantDisk(options.paths);
    this.notes = new TenantNotes(options.paths.tenantRecords);
    this.#hooks = options.hooks;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#notesNothing = options.notesNothing === true;
  }

  /** Called once, before plugins are set up. One that cannot be read is reported, and harms no other. */
  async load(): Promise<void> {
    const records: TenantRecord[] = [];
    const broken: BrokenTenant[] = [];
    for (const id of await this.disk.ids()) {
      const found = await this.#read(id);
      if ("reason" in found) broken.push(found);
      else records.push(found);
    }
    this.registry.load(records, broken);
    for (const one of broken) this.#log.warn({ tenant: one.id, reason: one.reason }, "tenant is not served");
    for (const { refused } of this.registry.sharedTokens()) {
      this.#log.warn({ tenants: refused }, "tenants share a token and are not served");
    }
    for (const { id, problem } of await this.altered()) {
      this.#log.warn({ tenant: id, problem }, "tenant.json is not believed; what the gateway noted counts");
    }
  }

  list(): readonly TenantRecord[] {
    return this.registry.list();
  }

  get(id: string): TenantRecord | undefined {
    return this.registry.get(id);
  }

  directory(id: string): string {
    assertTenantId(id);
    return this.disk.directory(id);
  }

  parseRecord(json: unknown): TenantRecord {
    return parseTenantRecord(json);
  }

  newRecord(id: string, tokenSha256: string): TenantRecord {
    assertTenantId(id);
    return newTenantRecord(id, tokenSha256, this.#clock);
  }

  newToken(id: string): NewToken {
    assertTenantId(id);
    return newToken(id);
  }

  findByTokenHash(sha256: string): TenantRecord | undefined {
    return this.registry.findByTokenHash(sha256);
  }

  claim(id: string, holder: string): Claim | ClaimRefused {
    assertTenantId(id);
    return this.#claims.take(id, holder);
  }

  async suspend(
    id: string,
    options: {
      readonly reason: string;
      readonly timeoutMs: number;
      /** Leaves `tenant.json` as somebody has altered it. */
      readonly keepsFile?: boolean;
    },
  ): Promise<Suspension> {
    const directory = this.directory(id);
    if (!this.#claims.isHeld(id)) throw new Error(`suspend(${id}) needs the claim on the slot`);
    await this.gate.suspend(id, options.timeoutMs);
    try {
      await this.#noteSuspension(id, options.keepsFile === true);
    } catch (error) {
      this.gate.resume(id);
      throw error;
    }
    this.#log.info({ tenant: id, reason: options.reason }, "tenant suspended");
    const failures = await this.#hooks.run("tenantSuspended", { tenant: id, directory });
    const resume = this.#resumeOnce(id, directory);
    if (failures[0] !== undefined) {
      // Files may be open still: whoever wanted the directory must not touch it.
      await resume();
      const { plugin, error } = failures[0];
      throw new GatewayError(
        "TENANT_BUSY",
        `Tenant ${id} cannot be suspended: plugin ${plugin} does not let go of it: ${error.message}`,
        { details: { tenant: id, plugin }, cause: error },
      );
    }
    return { resume };
  }

  #resumeOnce(id: string, directory: string): () => Promise<void> {
    let resumed: Promise<void> | undefined;
    return () => (resumed ??= this.#resume(id, directory));
  }

  async #resume(id: string, directory: string): Promise<void> {
    try {
      const present = await this.reload(id);
      const failures = await this.#hooks.run("tenantResumed", { tenant: id, directory, present });
      for (const { plugin, error } of failures) {
        this.#log.error({ tenant: id, plugin, error: errorText(error) }, "a tenantResumed hook failed");
      }
    } finally {
      this.gate.resume(id);
    }
    this.#log.info({ tenant: id }, "tenant resumed");
  }

  /** Reads the slot's record again. True when a tenant stands there. */
  async reload(id: string): Promise<boolean> {
    if (!(await this.disk.occupied(id))) {
      this.registry.remove(id);
      await this.#try(id, () => this.notes.remove(id));
      return false;
    }
    const found = await this.#read(id);
    if ("reason" in found) {
      this.registry.putBroken(found);
      this.#log.error({ tenant: id, reason: found.reason }, "tenant is not served");
      return false;
    }
    this.registry.put(found);
    return true;
  }

  /** Tenants in whose directory another record stands than the one that counts. */
  async altered(): Promise<readonly AlteredRecord[]> {
    const altered: AlteredRecord[] = [];
    for (const record of this.registry.list()) {
      const { problem, isMissing } = await this.#alteration(record);
      // It may have been replaced while its file was read.
      if (problem === undefined || this.registry.get(record.id) !== record) continue;
      // That of `unanswered`.
      if (isMissing === true && !(await this.disk.occupied(record.id))) continue;
      altered.push({ id: record.id, problem, ...(isMissing === true ? { isMissing } : {}) });
    }
    return altered;
  }

  /** Notes of tenants whose directory is gone: `delete` takes the note along, so nobody has deleted those. */
  async unanswered(): Promise<readonly UnansweredNote[]> {
    const notes: UnansweredNote[] = [];
    for (const id of await this.notes.ids()) {
      if (await this.disk.occupied(id)) continue;
      const note = await this.notes.read(id).catch(() => undefined);
      if (note?.record !== undefined) notes.push({ id, isSuspended: note.suspended !== undefined });
    }
    return notes;
  }

  async putRecordRight(id: string): Promise<void> {
    const record = this.registry.get(id);
    if (record === undefined) return;
    const { problem, isUnread } = await this.#alteration(record);
    // Whoever reads it next says so, or succeeds.
    if (problem === undefined || isUnread === true) return;
    await this.disk.writeRecord(record);
    this.#log.warn({ tenant: id }, "tenant.json had been altered; it says again what counts");
  }

  /**
   * Makes the record the one that counts: on disk, in the notes, and in memory. What a crash cuts off has not happened: the
   * next start puts the file right.
   */
  async change(record: TenantRecord): Promise<void> {
    const { id } = record;
    const before = this.registry.get(id);
    if (before !== undefined) await this.notes.write(id, { record: before, changing: true });
    await this.disk.writeRecord(record);
    await this.notes.write(id, { record });
    this.registry.put(record);
  }

  /** Takes in a tenant whose directory was just made. */
  async add(record: TenantRecord): Promise<void> {
    await this.#try(record.id, () => this.notes.write(record.id, { record }));
    this.registry.put(record);
  }

  async #alteration(record: TenantRecord): Promise<{
    readonly problem?: string;
    readonly isUnread?: true | undefined;
    readonly isMissing?: true;
  }> {
    const read = await this.disk.read(record.id);
    if (read === undefined) return { problem: "it is missing", isMissing: true };
    if ("reason" in read) return { problem: read.reason, isUnread: read.isUnread };
    const fields = differences(record, read);
    return fields.length === 0 ? {} : { problem: `it says something else of ${fields.join(", ")}` };
  }

  /** The record that counts for what stands in a slot. */
  async #read(id: string): Promise<TenantRecord | BrokenTenant> {
    let note: TenantNote | undefined;
    try {
      note = await this.notes.read(id);
    } catch (error) {
      return { id, reason: errorText(error) };
    }
    const isReplaced = note?.suspended !== undefined && note.suspended !== (await this.disk.identity(id));
    if (note?.record !== undefined && !isReplaced) {
      const { record, suspended, changing } = note;
      if (suspended === undefined && changing === undefined) return record;
      await this.#try(id, async () => {
        if (changing === true) await this.disk.writeRecord(record);
        await this.notes.write(id, { record });
      });
      return record;
    }
    const read = (await this.disk.read(id)) ?? { id, reason: "tenant.json is missing" };
    if ("reason" in read) return read;
    await this.#try(id, () => this.notes.write(id, { record: read }));
    return read;
  }

  /**
   * Notes which directory stands in the slot, and has its record in it say what counts: it may be moved to the trash, and
   * be brought back from there.
   */
  async #noteSuspension(id: string, keepsFile: boolean): Promise<void> {
    const note = await this.notes.read(id).catch(() => undefined);
    const suspended = note?.suspended ?? (await this.disk.identity(id));
    // What a crash left unsettled is not served yet, and is noted all the same.
    const record = this.registry.get(id) ?? note?.record;
    await this.notes.write(id, { ...(record === undefined ? {} : { record }), suspended });
    if (record === undefined || suspended === NOTHING || keepsFile) return;
    await this.#try(id, () => this.putRecordRight(id));
  }

  /** A note that cannot be written is made up for: by the next start, which sees what a note that is there leads to. */
  async #try(id: string, work: () => Promise<void>): Promise<void> {
    if (this.#notesNothing) return;
    try {
      await work();
    } catch (error) {
      this.#log.error({ tenant: id, error: errorText(error) }, "the tenant's record could not be noted");
    }
  }
}
