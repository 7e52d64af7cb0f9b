/**
 * Whether the lines of an index describe a tar stream without a gap: segments follow each other in the object, entries
 * fill their segments to the last byte, and the totals are true. The writer checks what it writes with this, the reader
 * what it reads.
 */
import { MAX_FRAME_RAW_BYTES } from "./format.js";
import type { ArchiveTotals, EntryRecord, SegmentRecord } from "./format.js";
import { LineError } from "./index-lines.js";
import { TAR_END, tarHeaderBytes, tarPadding } from "./tar-header.js";

/** The segment group that entries are being told of: a pack, dirs or end, or a head with its pieces. */
interface Group {
  readonly kind: "pack" | "head" | "dirs" | "end";
  /** Number of its first segment. */
  readonly segment: number;
  /** Tar bytes of the first segment, and of the pieces behind it. */
  readonly firstBytes: number;
  pieceBytes: number;
  /** Tar bytes that entries account for. */
  filled: number;
}

/** Takes segments and entries in the order of the index. All methods throw {@link LineError}. */
export class IndexLayout {
  #group: Group | undefined;
  #nextOffset = 0;
  #segments = 0;
  #tarBytes = 0;
  #files = 0;
  #directories = 0;
  #symlinks = 0;
  #contentBytes = 0;

  /** Of what was added so far. */
  get totals(): ArchiveTotals {
    return {
      entries: this.#files + this.#directories + this.#symlinks,
      files: this.#files,
      directories: this.#directories,
      symlinks: this.#symlinks,
      contentBytes: this.#contentBytes,
      segments: this.#segments,
      tarBytes: this.#tarBytes,
    };
  }

  /** @returns The segment's number. */
  addSegment(segment: SegmentRecord): number {
    if (segment.offset !== this.#nextOffset)
      throw misplaced(`puts a segment at byte ${segment.offset} where ${this.#nextOffset} is next`);
    if (segment.stored === 0) throw misplaced("has an empty frame");
    if (segment.raw === 0 || segment.raw > MAX_FRAME_RAW_BYTES)
      throw misplaced(`has a segment of ${segment.raw} raw bytes`);
    if (segment.kind === "piece") {
      if (this.#group?.kind !== "head") throw misplaced("has a piece without a head");
      if (this.#group.filled > 0) throw misplaced("has a piece behind its file's entry");
      this.#group.pieceBytes += segment.raw;
    } else {
      this.#closeGroup();
      if (this.#group?.kind === "end") throw misplaced("has a segment behind the end");
      if (this.#group?.kind === "dirs" && segment.kind !== "dirs" && segment.kind !== "end")
        throw misplaced("has files behind the directories");
      if (segment.kind === "end" && segment.raw !== TAR_END.length)
        throw misplaced(`ends the tar with ${segment.raw} bytes instead of ${TAR_END.length}`);
      this.#group = {
        kind: segment.kind,
        segment: this.#segments,
        firstBytes: segment.raw,
        pieceBytes: 0,
        filled: 0,
      };
    }
    this.#nextOffset += segment.stored;
    this.#tarBytes += segment.raw;
    return this.#segments++;
  }

  /** @returns The entry's number. */
  addEntry(entry: EntryRecord): number {
    const group = this.#group;
    if (group?.segment !== entry.segment)
      throw misplaced("belongs to another segment than the one before it");
    if (group.kind === "end") throw misplaced("is an entry behind the end");
    if (
      (group.kind === "dirs") !== (entry.type === "directory") ||
      (group.kind === "head" && entry.type !== "file")
    )
      throw misplaced(`has a ${entry.type} in a segment of kind ${group.kind}`);
    if (entry.offset !== group.filled)
      throw misplaced(`begins at byte ${entry.offset} of its segment where ${group.filled} is next`);
    const header = tarHeaderBytes(entry);
    const content = entry.size + tarPadding(entry.size);
    if (group.kind === "head" && (header !== group.firstBytes || content !== group.pieceBytes))
      throw misplaced("does not fill its head and pieces");
    group.filled += header + content;
    if (group.filled > group.firstBytes + group.pieceBytes) throw misplaced("reaches beyond its segment");
    const number = this.#files + this.#directories + this.#symlinks;
    if (entry.type === "file") this.#files++;
    else if (entry.type === "directory") this.#directories++;
    else this.#symlinks++;
    this.#contentBytes += entry.size;
    return number;
  }

  /** To be called after the last line; the totals of the header must be those of the lines. */
  finish(claimed: ArchiveTotals): void {
    this.#closeGroup();
    if (this.#group?.kind !== "end") throw misplaced("is the last, but the tar has no end");
    const counted = this.totals;
    for (const [name, value] of Object.entries(counted))
      if (claimed[name as keyof ArchiveTotals] !== value)
        throw new LineError(
          `is the last, but the header claims ${name} of ${claimed[name as keyof ArchiveTotals]} and the lines give ${value}`,
          "index totals",
        );
  }

  #closeGroup(): void {
    const group = this.#group;
    if (group === undefined || group.kind === "end") return;
    if (group.filled !== group.firstBytes + group.pieceBytes)
      throw misplaced(`follows segment ${group.segment}, which its entries do not fill`);
  }
}

function misplaced(how: string): LineError {
  return new LineError(how, "index layout");
}
