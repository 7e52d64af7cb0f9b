import { BackupError } from "../errors.js";
import { damaged } from "./damage.js";
import type { EntryPlacer, PlacedEntry } from "./entry-placer.js";
import { type ForeignEntry, type TarEvents, TarReader } from "./foreign-tar.js";
import type { ArchiveLimits } from "./format.js";
import { EntryPolicy } from "./policy.js";
import { shownPath } from "./entry-name.js";
import type { RawPath } from "./raw-path.js";
import type { TreeReceiver } from "./tree-receiver.js";
import { createUnpacker, type Unpacker } from "./unpack.js";

export interface ForeignExtraction {
  readonly format: "zstd" | "gzip" | "tar";
  /** The archive, as it begins a message. */
  readonly subject: string;
  readonly limits: ArchiveLimits;
  readonly placer: EntryPlacer;
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
  readonly #placer: EntryPlacer;
  readonly #tar: TarReader;
  readonly #unpacker: Unpacker;
  /** Links that may have to be left out, until all are known. */
  readonly #links = new Map<RawPath, { readonly target: RawPath; readonly mtimeNs: bigint }>();
  readonly #leftOut: RawPath[] = [];
  #policy: EntryPolicy | undefined;
  #inFile = false;

  constructor({ format, subject, limits, placer, receiver }: ForeignExtraction) {
    this.#receiver = receiver;
    this.#limits = limits;
    this.#subject = subject;
    this.#placer = placer;
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
    return this.#placer.tenant;
  }

  /** Links that were left out because they lead outside; relative to the root. Complete after {@link end}. */
  get leftOut(): readonly RawPath[] {
    return this.#leftOut;
  }

  /** Takes the next stored bytes; they must stay as they are until it is done with them. */
  write(chunk: Uint8Array): Promise<void> | void {
    try {
      return this.#unpacker.write(chunk)?.catch((error: unknown) => {
        throw this.#located(error);
      });
    } catch (error) {
      throw this.#located(error);
    }
  }

  /** After the last byte: judges the whole. */
  async end(): Promise<void> {
    try {
      await this.#unpacker.end();
    } catch (error) {
      throw this.#located(error);
    }
    this.#tar.end();
    for (const placed of this.#placer.end()) this.#accept(placed);
    /* c8 ignore next -- a placer that has placed nothing has thrown */
    const escaping = this.#policy?.finish() ?? [];
    for (const path of escaping) {
      this.#links.delete(path);
      this.#leftOut.push(path);
    }
    for (const [path, { target, mtimeNs }] of this.#links) this.#receiver.symlink(path, target, mtimeNs);
  }

  /** Whoever unpacks knows nothing of entries; a person wants to know how far an archive is good. */
  #located(error: unknown): unknown {
    const last = this.#tar.lastPath;
    if (!(error instanceof BackupError) || error.details?.["entry"] !== undefined || last === undefined)
      return error;
    const entry = shownPath(last);
    const { code, hint, details, cause } = error;
    const message = `${error.message.replace(/\.$/, "")} (the last entry begun: "${entry}").`;
    return new BackupError(code, message, { hint, details: { ...details, entry }, cause });
  }

  #entry(entry: ForeignEntry): void {
    for (const placed of this.#placer.place(entry)) this.#accept(placed);
  }

  #content(bytes: Uint8Array): void {
    if (this.#inFile) this.#receiver.content(bytes);
  }

  #entryEnd(): void {
    if (this.#inFile) this.#receiver.endFile();
    this.#inFile = false;
  }

  #accept(placed: PlacedEntry): void {
    const { entry, path, root } = placed;
    const relative = path.slice(root.length + 1) as RawPath;
    const { type, mode, size, mtimeNs } = entry;
    const linked = type === "hardlink" ? this.#placer.linked(entry.target) : this.#placer.linkTarget(placed);
    this.#policy ??= new EntryPolicy({
      root,
      limits: this.#limits,
      subject: this.#subject,
      directoriesMayRepeat: true,
      leavesOutLinks: this.#placer.leavesOutLinks,
    });
    const isLink = type === "hardlink" || type === "symlink";
    const seen = this.#policy.check({ path, type, size, ...(isLink ? { target: linked } : {}) });
    switch (type) {
      case "directory":
        if (size > 0) throw this.#sizeOf(path, type, size);
        if (seen === "new") this.#receiver.directory(relative, mode, mtimeNs);
        else this.#receiver.directoryAgain(relative, mode, mtimeNs);
        return;
      case "symlink":
        if (size > 0) throw this.#sizeOf(path, type, size);
        if (!this.#placer.leavesOutLinks) this.#receiver.symlink(relative, linked, mtimeNs);
        else if (seen === "left out") this.#leftOut.push(relative);
        else this.#links.set(relative, { target: linked, mtimeNs });
        return;
      case "hardlink": {
        if (size > 0) throw this.#sizeOf(path, type, size);
        const from = linked.slice(root.length + 1) as RawPath;
        this.#receiver.copyFile(from, relative, mode, mtimeNs, this.#policy.fileSize(linked));
        return;
      }
      default:
        this.#inFile = true;
        this.#receiver.beginFile(relative, mode, mtimeNs, size);
    }
  }

  #sizeOf(path: RawPath, type: "directory" | "symlink" | "hardlink", size: number): BackupError {
    const entry = shownPath(path);
    const message = `${this.#subject}: entry "${entry}" is a ${type} with a size of ${size} bytes.`;
    return damaged(`size of a ${type}`, message, { entry });
  }
}
