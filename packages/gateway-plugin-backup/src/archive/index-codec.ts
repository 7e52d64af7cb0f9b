/**
 * The index: zstd frames of JSON lines, the payload of the index frame. The header line stands alone in the first frame;
 * every further frame holds whole lines.
 */
import { isUtf8 } from "node:buffer";
import { BackupError } from "../errors.js";
import { damaged } from "./damage.js";
import type { ArchiveLimits, ArchiveTotals, EntryRecord, IndexHeader, SegmentRecord } from "./format.js";
import { IndexLayout } from "./index-layout.js";
import { aboutEntry, entryLine, headerLine, LineError, parseLine, segmentLine } from "./index-lines.js";
import type { Spool } from "./spool.js";
import { decompressFrame, frameBeginning, FrameCompressor, frameSize } from "./zstd.js";

export type IndexLine =
  | { readonly kind: "header"; readonly header: IndexHeader }
  | { readonly kind: "segment"; readonly segment: SegmentRecord; readonly number: number }
  | { readonly kind: "entry"; readonly entry: EntryRecord; readonly number: number };

/** Raw bytes of lines that a frame gathers before it is closed. */
const CHUNK_CHARACTERS = 256 * 1024;
/** Of a line that is no header: a path and a target of 4096 bytes, all escaped as \u00XX, leave room for the rest. */
const MAX_LINE_CHARACTERS = 64 * 1024;
const INDEX_COMPRESSION_LEVEL = 3;

/** The payload of an index frame, in pieces. */
export interface IndexPayload {
  readonly bytes: number;
  /** To be read once; the bytes of a piece hold only until the next one is asked for. */
  readonly pieces: Iterable<Uint8Array>;
}

/**
 * Gathers the index of an archive while it is written. Lines come in the order of the tar stream, each entry after the
 * segments that hold it: a pack, then its entries; a head, its pieces, then the file's entry. The compressed lines, 50 to
 * 90 bytes an entry, go to the spool, which stays the caller's.
 */
export class IndexWriter {
  readonly #compressor = new FrameCompressor(INDEX_COMPRESSION_LEVEL);
  readonly #layout = new IndexLayout();
  readonly #spool: Spool;
  #lines = "";

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Totals of what was added so far, for the header. */
  get totals(): ArchiveTotals {
    return this.#layout.totals;
  }

  addSegment(segment: SegmentRecord): void {
    const line = segmentLine(segment);
    mustHold(line, () => this.#layout.addSegment(segment));
    this.#add(line);
  }

  addEntry(entry: EntryRecord): void {
    const line = entryLine(entry);
    mustHold(line, () => this.#layout.addEntry(entry));
    this.#add(line);
  }

  /** The index frame's payload, from the header, whose totals must be {@link totals}, and all lines added. */
  finish(header: IndexHeader): IndexPayload {
    const line = headerLine(header);
    mustHold(line, () => this.#layout.finish(header.totals));
    this.#closeFrame();
    const first = this.#compressor.compress(Buffer.from(`${line}\n`));
    return { bytes: first.length + this.#spool.length, pieces: inTurn(first, this.#spool) };
  }

  #add(line: string): void {
    if (this.#lines.length >= CHUNK_CHARACTERS) this.#closeFrame();
    this.#lines += `${line}\n`;
  }

  #closeFrame(): void {
    this.#spool.append(this.#compressor.compress(Buffer.from(this.#lines)));
    this.#lines = "";
  }
}

function* inTurn(first: Uint8Array, spool: Spool): Generator<Uint8Array, void, void> {
  yield first;
  yield* spool.read();
}

/**
 * Reads the payload of an index frame, line by line, the header first. Every line is checked for itself and for its place
 * in the whole (see {@link IndexLayout}); when the generator ends, the index is complete. Memory: one frame's lines.
 *
 * Throws ARCHIVE_DAMAGED, ARCHIVE_TOO_NEW, or LIMIT_EXCEEDED when the header claims more than the limits allow. What the
 * entries may be called and where links may lead is the entry policy's business, not looked at here.
 */
export function* readIndex(
  payload: Uint8Array,
  limits: ArchiveLimits,
): Generator<IndexLine, void, undefined> {
  const layout = new IndexLayout();
  let header: IndexHeader | undefined;
  let lineNumber = 0;
  try {
    for (const text of lines(payload)) {
      lineNumber++;
      if (header !== undefined && text.length > MAX_LINE_CHARACTERS) throw new LineError("is too long");
      const line = parseLine(text);
      if (header === undefined) {
        if (line.kind !== "header") throw new LineError("is no header");
        header = line.header;
        checkLimits(header, limits);
        yield line;
      } else if (line.kind === "segment") {
        const number = layout.addSegment(line.segment);
        if (number >= header.totals.segments)
          throw new LineError("is one segment more than the header claims", "index totals");
        yield { ...line, number };
      } else if (line.kind === "entry") {
        const { entry } = line;
        const { entries } = header.totals;
        const number = aboutEntry(entry.path, () => addClaimed(layout, entry, entries));
        yield { ...line, number };
      } else {
        throw new LineError("is a second header");
      }
    }
    if (header === undefined) throw new LineError("is missing");
    layout.finish(header.totals);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    const { rule, entry } = error;
    const about = entry === undefined ? "" : ` (entry "${entry}")`;
    const message = `The archive's index: line ${Math.max(lineNumber, 1)}${about} ${error.message}.`;
    if (rule === "format version") throw new BackupError("ARCHIVE_TOO_NEW", message, { details: { rule } });
    throw damaged(rule, message, entry === undefined ? {} : { entry });
  }
}

/** The header alone. Throws what {@link readIndex} throws of it. */
export function readHeader(payload: Uint8Array, limits: ArchiveLimits): IndexHeader {
  for (const line of readIndex(payload, limits)) if (line.kind === "header") return line.header;
  /* c8 ignore next 2 -- readIndex gives a header first, or throws */
  throw new LineError("is missing");
}

/** How nearly every entry line begins; no other kind of line does. */
const ENTRY_BEGINNING = '{"kind":"entry"';

export type OpenedLine = Exclude<IndexLine, { kind: "header" | "entry" }> | Pick<EntryLine, "kind" | "entry">;
type EntryLine = Extract<IndexLine, { kind: "entry" }>;

/**
 * The segments, and the entries whose lines are wanted, in a fraction of the time that {@link readIndex} takes: for the
 * payload of an index that was opened, and so checked, before. More entries may come than are wanted.
 */
export function* readOpened(
  payload: Uint8Array,
  isWanted: (entryLine: string) => boolean,
): Generator<OpenedLine, void, undefined> {
  let segments = 0;
  for (const text of lines(payload)) {
    if (text.startsWith(ENTRY_BEGINNING) && !isWanted(text)) continue;
    const line = parseLine(text);
    if (line.kind === "segment") yield { ...line, number: segments++ };
    else if (line.kind === "entry") yield line;
  }
}

/** How every header line begins, because the writer's members have an order. */
const HEADER_BEGINNING = Buffer.from('{"kind":"header"');

/** Whether bytes, not necessarily all, of what may be an index's payload begin as those do. */
export function beginsLikeIndex(payload: Uint8Array): boolean {
  try {
    return frameBeginning(payload, HEADER_BEGINNING.length).equals(HEADER_BEGINNING);
  } catch {
    return false;
  }
}

/** The lines of all frames, without their line feeds. */
function* lines(payload: Uint8Array): Generator<string, void, undefined> {
  let position = 0;
  while (position < payload.length) {
    const rest = payload.subarray(position);
    const { stored, raw } = frameSize(rest);
    const chunk = decompressFrame(rest.subarray(0, stored), raw);
    if (!isUtf8(chunk)) throw new LineError("or one of the lines behind it is not UTF-8");
    const text = chunk.toString("utf8");
    if (!text.endsWith("\n")) throw new LineError("or one of the lines behind it is cut off");
    for (let start = 0; start < text.length;) {
      if (position === 0 && start > 0) throw new LineError("shares its frame with other lines");
      const end = text.indexOf("\n", start);
      yield text.slice(start, end);
      start = end + 1;
    }
    position += stored;
  }
}

function addClaimed(layout: IndexLayout, entry: EntryRecord, claimed: number): number {
  const number = layout.addEntry(entry);
  if (number >= claimed) throw new LineError("is one entry more than the header claims", "index totals");
  return number;
}

function checkLimits({ totals }: IndexHeader, limits: ArchiveLimits): void {
  for (const [what, claimed, limit] of [
    ["entries", totals.entries, limits.entries],
    ["bytes", totals.contentBytes, limits.bytes],
  ] as const)
    if (claimed > limit)
      throw new BackupError(
        "LIMIT_EXCEEDED",
        `The archive holds ${claimed} ${what}; the limit is ${limit}.`,
        {
          details: { rule: what, limit },
        },
      );
}

/** A line that breaks the layout is a fault of the program that writes it, not of the tenant. */
function mustHold(line: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw new Error(`The index line ${line} cannot stand here: ${String(cause)}`, { cause });
  }
}
