/** The first pass over a tenant that has a base: which of the base's entries are as they were? For the reader thread. */
import { createHash } from "node:crypto";
import { closeSync, fstatSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { SEGMENT_BYTES } from "../format.js";
import { holdFile, openHeld, readFully } from "../opened-file.js";
import type { HeldFile } from "../opened-file.js";
import type { RawPath } from "../raw-path.js";
import { identityOf } from "../sqlite/protocol.js";
import { systemCode } from "../../system-error.js";
import type { TenantDatabases } from "../tenant-databases.js";
import type { JudgedLinks } from "../tenant-links.js";
import { archivePath } from "../tenant-source.js";
import type { TenantSource } from "../tenant-source.js";
import type { WalkItem } from "../walk.js";
import { DIGEST_BYTES } from "./base-table.js";
import type { BaseEntry, BaseTable } from "./base-table.js";
import { stateIn } from "./file-state.js";

type WalkedFile = Extract<WalkItem, { type: "file" | "symlink" }>;

export class Comparison {
  readonly #source: TenantSource;
  readonly #table: BaseTable;
  readonly #databases: TenantDatabases;
  readonly #now: () => number;
  /** Links that are as they were, if their targets are. */
  readonly #links: RawPath[] = [];
  #buffer: Uint8Array | undefined;
  #bytesRead = 0;

  constructor(source: TenantSource, table: BaseTable, databases: TenantDatabases, now: () => number) {
    this.#source = source;
    this.#table = table;
    this.#databases = databases;
    this.#now = now;
  }

  /** Bytes of files that were read to compare them. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** A file that is to be archived, and is no companion of a database. */
  async addFile(place: WalkedFile, stats: BigIntStats): Promise<void> {
    const entry = this.#table.find(archivePath(this.#source, place.path));
    if (entry?.type !== "file") return;
    const state = stateIn(place, stats, this.#now());
    if (state !== undefined && Buffer.compare(state, entry.state) === 0)
      this.#table.keep(entry.number, state);
    else if (entry.isDatabase || entry.isUnsteady || !looksAsBefore(entry, stats)) return;
    else if (entry.size === 0) this.#table.keep(entry.number, state);
    else await this.#compareContent(place, entry);
  }

  addLink({ path }: WalkedFile, stats: BigIntStats): void {
    const entry = this.#table.find(archivePath(this.#source, path));
    if (entry?.type === "symlink" && hasTimeAndMode(entry, stats)) this.#links.push(path);
  }

  /** To be called once, after all links. */
  judgeLinks({ safe }: JudgedLinks): void {
    for (const path of this.#links) {
      const entry = this.#table.find(archivePath(this.#source, path));
      if (entry?.target !== undefined && entry.target === safe.get(path)) this.#table.keep(entry.number);
    }
  }

  /** What cannot be read here is left to the second pass, which says so. */
  async #compareContent(place: WalkedFile, entry: BaseEntry): Promise<void> {
    try {
      const held = holdFile(place.directory.handle, place.name);
      if (held === undefined) return;
      try {
        if (!held.stats.isFile() || !looksAsBefore(entry, held.stats)) return;
        const state = stateIn(place, held.stats, this.#now());
        const { kind, identity } = await this.#databases.verdict(place.directory, place.name, held.stats);
        if (kind !== "plain" || identity !== identityOf(held.stats)) return;
        if (this.#hasContent(held, entry)) this.#table.keep(entry.number, state);
      } finally {
        closeSync(held.handle);
      }
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }

  #hasContent(held: HeldFile, entry: BaseEntry): boolean {
    const handle = openHeld(held);
    try {
      const digest = createHash("sha256");
      const buffer = (this.#buffer ??= new Uint8Array(SEGMENT_BYTES));
      for (let position = 0; position < entry.size; position += buffer.length) {
        const part = buffer.subarray(0, Math.min(buffer.length, entry.size - position));
        const filled = readFully(handle, part, position);
        this.#bytesRead += filled;
        if (filled < part.length) return false;
        digest.update(part);
      }
      const isSame = digest.digest().subarray(0, DIGEST_BYTES).equals(entry.digest);
      return isSame && identityOf(fstatSync(handle, { bigint: true })) === identityOf(held.stats);
    } finally {
      closeSync(handle);
    }
  }
}

function looksAsBefore(entry: BaseEntry, stats: BigIntStats): boolean {
  return BigInt(entry.size) === stats.size && hasTimeAndMode(entry, stats);
}

function hasTimeAndMode({ mtimeNs, mode }: BaseEntry, stats: BigIntStats): boolean {
  return mtimeNs === stats.mtimeNs && mode === (Number(stats.mode) & 0o777);
}
