import { BackupError } from "../errors.js";
import { ForeignRoot, type PlacedEntry } from "./foreign-root.js";
import { type ForeignEntry, type TarEvents, TarReader } from "./foreign-tar.js";
import type { ArchiveLimits } from "./format.js";
import { EntryPolicy } from "./policy.js";
import { displayPath, type RawPath } from "./raw-path.js";
import type { TreeReceiver } from "./tree-receiver.js";
import { createUnpacker, type Unpacker } from "./unpack.js";

export interface ForeignExtraction {
  readonly format: "zstd" | "gzip" | "tar";
  /** The archive, as it begins a message. */
  readonly subject: string;
  readonly limits: ArchiveLimits;
  /** The tenant's name given with `--as`; without it the tar must say which tenant it is of. */
  readonly as: string | undefined;
  readonly receiver: TreeReceiver;
}

/**
 * Extracts an archive without our index: `tar`, `.tar.gz` or `.tar.zst` of another tool. The same entry policy holds as
 * for our own archives, and besides:
 *
 * - a hard link to an earlier file of the tar becomes a copy, and counts as one;
 * - a directory may stand more than once, as `tar -r` makes it; the last one's mode and time stand. Anything else that
 *   stands twice is refused;
 * - a size on anything but a file is refused, because tools disagree on whether content follows.
 */
export class ForeignExtractor {
  readonly #receiver: TreeReceiver;
  readonly #limits: ArchiveLimits;
  readonly #subject: string;
  readonly #root: ForeignRoot;
  readonly #tar: TarReader;
  readonly #unpacker: Unpacker;
  #policy: EntryPolicy | undefined;
  readonly #fileSizes = new Map<RawPath, number>();
  readonly #directories = new Set<RawPath>();
  #inFile = false;

  constructor({ format, subject, limits, as, receiver }: ForeignExtraction) {
    this.#receiver = receiver;
    this.#limits = limits;
    this.#subject = subject;
    this.#root = new ForeignRoot({ subject, as });
    const events: TarEvents = {
      entry: (entry) => this.#entry(entry),
      content: (bytes) => this.#content(bytes),
      entryEnd: () => this.#entryEnd(),
    };
    this.#tar = new TarReader(subject, events);
    this.#unpacker = createUnpacker(format, { subject, limits, output: (bytes) => this.#tar.write(bytes) });
  }

  /** The tenant that the paths name; undefined where they do not. */
  get tenant(): string | undefined {
    return this.#root.tenant;
  }

  /** Takes the next stored bytes; they must stay as they are until it is done with them. */
  write(chunk: Uint8Array): Promise<void> | void {
    return this.#unpacker.write(chunk);
  }

  /** After the last byte: judges the whole. */
  async end(): Promise<void> {
    await this.#unpacker.end();
    this.#tar.end();
    for (const placed of this.#root.end()) this.#accept(placed);
    this.#policy?.finish();
  }

  #entry(entry: ForeignEntry): void {
    for (const placed of this.#root.place(entry)) this.#accept(placed);
  }

  #content(bytes: Uint8Array): void {
    if (this.#inFile) this.#receiver.content(bytes);
  }

  #entryEnd(): void {
    if (this.#inFile) this.#receiver.endFile();
    this.#inFile = false;
  }

  #accept({ entry, path, root }: PlacedEntry): void {
    const relative = path.slice(root.length + 1) as RawPath;
    const { type, mode, size, mtimeNs } = entry;
    if (type === "directory" && this.#directories.has(path)) {
      this.#receiver.directoryAgain(relative, mode, mtimeNs);
      return;
    }
    const linked = type === "hardlink" ? this.#root.linked(entry.target) : entry.target;
    this.#policy ??= new EntryPolicy({ root, limits: this.#limits, subject: this.#subject });
    this.#policy.check({ path, type, size, target: linked });
    if (type !== "file" && size !== 0) throw this.#sizeOf(entry);
    switch (type) {
      case "directory":
        this.#directories.add(path);
        this.#receiver.directory(relative, mode, mtimeNs);
        return;
      case "symlink":
        this.#receiver.symlink(relative, entry.target, mtimeNs);
        return;
      case "hardlink": {
        const copied = this.#fileSizes.get(linked) ?? 0;
        this.#fileSizes.set(path, copied);
        this.#receiver.copyFile(linked.slice(root.length + 1) as RawPath, relative, mode, mtimeNs, copied);
        return;
      }
      default:
        this.#fileSizes.set(path, size);
        this.#inFile = true;
        this.#receiver.beginFile(relative, mode, mtimeNs, size);
    }
  }

  #sizeOf(entry: ForeignEntry): BackupError {
    return new BackupError(
      "ARCHIVE_DAMAGED",
      `${this.#subject}: entry "${displayPath(entry.path)}" is a ${entry.type} with a size of ${entry.size} bytes.`,
    );
  }
}
