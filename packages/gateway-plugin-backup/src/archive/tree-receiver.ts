import { BackupError } from "../errors.js";
import type { ArchiveTotals } from "./format.js";
import { displayPath, rawPath, type RawPath } from "./raw-path.js";
import { outOfSpace, type SpaceLimit } from "./space.js";
import { FileEnd, isNamedAsJournal } from "./super-journal.js";
import type { TreeSink } from "./tree-sink.js";

/** The tenant's own record; the caller of a restore checks and rewrites it. */
const TENANT_RECORD = rawPath("tenant.json");
const TENANT_RECORD_BYTES_MAX = 1024 * 1024;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

export type TreeTotals = Omit<ArchiveTotals, "segments" | "tarBytes">;

export interface ReceiverOptions {
  /** The archive, as it begins a message. */
  readonly subject: string;
  readonly space: SpaceLimit;
  /** False: `tenant.json` is a file like any other, because the tree is no tenant's. Default: true. */
  readonly holdsRecord?: boolean;
}

/**
 * Stands between a reader and its sink: counts what comes, watches the space, and keeps the text of `tenant.json`.
 * Paths are relative to the tenant's directory.
 */
export class TreeReceiver {
  readonly #sink: TreeSink;
  readonly #options: ReceiverOptions;
  #files = 0;
  #directories = 0;
  #symlinks = 0;
  #contentBytes = 0;
  /** Parts of `tenant.json` while it is received. */
  #record: Buffer[] | undefined;
  #recordText: string | undefined;
  #file: { readonly path: RawPath; readonly end: FileEnd } | undefined;
  /** Files that would be dangerous under the name of a journal, for the hard links that follow. */
  readonly #superJournals = new Set<RawPath>();

  constructor(sink: TreeSink, options: ReceiverOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  get totals(): TreeTotals {
    return {
      entries: this.#files + this.#directories + this.#symlinks,
      files: this.#files,
      directories: this.#directories,
      symlinks: this.#symlinks,
      contentBytes: this.#contentBytes,
    };
  }

  /** Text of `tenant.json`; undefined when the archive has none. */
  get tenantRecordJson(): string | undefined {
    return this.#recordText;
  }

  directory(path: RawPath, mode: number, mtimeNs: bigint): void {
    this.#directories++;
    this.#refuseRecord(path, "directory");
    this.#sink.directory(path, mode, mtimeNs);
  }

  /** For a directory that came before: counts nothing, the last mode and time stand. */
  directoryAgain(path: RawPath, mode: number, mtimeNs: bigint): void {
    this.#sink.directory(path, mode, mtimeNs);
  }

  symlink(path: RawPath, target: RawPath, mtimeNs: bigint): void {
    this.#symlinks++;
    this.#refuseRecord(path, "symlink");
    this.#sink.symlink(path, target, mtimeNs);
  }

  /** Begins a file of `size` bytes; the reader answers for it that so many follow. */
  beginFile(path: RawPath, mode: number, mtimeNs: bigint, size: number): void {
    this.#takeSpace(path, size);
    if (path !== TENANT_RECORD) this.#refuseRecord(path, "directory");
    else if (this.#options.holdsRecord !== false) this.#beginRecord(size);
    this.#file = { path, end: new FileEnd() };
    this.#sink.beginFile(path, mode, mtimeNs);
  }

  content(bytes: Uint8Array): void {
    this.#record?.push(Buffer.from(bytes));
    this.#file?.end.append(bytes);
    this.#sink.content(bytes);
  }

  endFile(): void {
    if (this.#record !== undefined) this.#endRecord(this.#record);
    if (this.#file?.end.isSuperJournal === true) this.#addSuperJournal(this.#file.path);
    this.#sink.endFile();
  }

  /** A file with the content of an earlier one of `size` bytes. */
  copyFile(from: RawPath, path: RawPath, mode: number, mtimeNs: bigint, size: number): void {
    this.#takeSpace(path, size);
    this.#refuseRecord(path, "hard link");
    if (this.#superJournals.has(from)) this.#addSuperJournal(path);
    this.#sink.copyFile(from, path, mode, mtimeNs);
  }

  finish(): void {
    this.#sink.finish();
  }

  #takeSpace(path: RawPath, size: number): void {
    this.#files++;
    this.#contentBytes += size;
    const { subject, space } = this.#options;
    if (this.#contentBytes > space.bytes) throw outOfSpace(subject, space, { reached: displayPath(path) });
  }

  #beginRecord(size: number): void {
    if (size > TENANT_RECORD_BYTES_MAX)
      throw this.#unsafe(`tenant.json of ${size} bytes (at most ${TENANT_RECORD_BYTES_MAX})`);
    this.#record = [];
  }

  #endRecord(record: readonly Buffer[]): void {
    this.#record = undefined;
    try {
      this.#recordText = strictUtf8.decode(Buffer.concat(record));
    } catch {
      throw this.#unsafe("tenant.json that is no UTF-8 text");
    }
  }

  /** Whoever reads `tenant.json` later must find the very file that was checked; what stands below makes it a directory. */
  #refuseRecord(path: RawPath, type: string): void {
    if (this.#options.holdsRecord === false) return;
    if (path === TENANT_RECORD) throw this.#unsafe(`tenant.json that is a ${type}`);
    if (path.startsWith(`${TENANT_RECORD}/`)) throw this.#unsafe("tenant.json that is a directory");
  }

  #addSuperJournal(path: RawPath): void {
    if (isNamedAsJournal(path))
      throw new BackupError(
        "UNSAFE_ENTRY",
        `${this.#options.subject}: ${displayPath(path)} is a journal at whose rollback SQLite deletes another file.`,
        { details: { entry: displayPath(path), rule: "super-journal" } },
      );
    this.#superJournals.add(path);
  }

  #unsafe(what: string): BackupError {
    return new BackupError("UNSAFE_ENTRY", `${this.#options.subject} has a ${what}.`, {
      details: { entry: "tenant.json", rule: "tenant record" },
    });
  }
}
