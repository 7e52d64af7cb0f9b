/** One file of an archive, by its index and the segments that hold it. */
import { createHash } from "node:crypto";
import { BackupError } from "../../errors.js";
import { damaged, type FormatRule } from "../damage.js";
import { shownPath } from "../entry-name.js";
import type { ArchiveLimits, EntryRecord } from "../format.js";
import { readIndex } from "../index-codec.js";
import type { OpenIndex } from "../open.js";
import { joinRaw, rawPath, type RawPath } from "../raw-path.js";
import { type ArchiveSource, archiveSubject } from "../source.js";
import { encodeTarHeader, tarPadding } from "../tar-header.js";
import { checkedSegments, type NumberedSegment } from "./checked-segments.js";

export interface FileInArchive {
  readonly entry: EntryRecord;
  /** Its pack; or its head and pieces, which follow each other in the object. */
  readonly segments: readonly NumberedSegment[];
}

/**
 * Finds a file. `path` is relative to the tenant's directory. Throws ENTRY_NOT_FOUND when the archive has nothing there,
 * and REQUEST_INVALID for what has no content of its own.
 */
export function findFile(
  source: ArchiveSource,
  { header, payload }: OpenIndex,
  path: RawPath,
  limits: ArchiveLimits,
): FileInArchive {
  const subject = archiveSubject(source);
  const wanted = joinRaw(rawPath(header.root), path);
  let segments: NumberedSegment[] = [];
  for (const line of readIndex(payload, limits)) {
    if (line.kind === "segment") {
      if (line.segment.kind !== "piece") segments = [];
      segments.push(line);
    }
    if (line.kind !== "entry" || line.entry.path !== wanted) continue;
    const { entry } = line;
    if (entry.type === "file") return { entry, segments };
    const to = entry.target === undefined ? "" : ` to "${shownPath(entry.target)}"`;
    throw new BackupError("REQUEST_INVALID", `${subject}: "${shownPath(path)}" is a ${entry.type}${to}.`, {
      hint: "Only files have content; `openclaw backups files ARCHIVE --long` shows what an archive holds.",
    });
  }
  throw new BackupError("ENTRY_NOT_FOUND", `${subject} holds no "${shownPath(path)}".`);
}

/**
 * A file's content, in order, in buffers with memory of their own. Each segment is checked against its hash before anything
 * of it is given, and the last bytes only when the whole file's hash is right. Throws ARCHIVE_DAMAGED, and what the source
 * throws.
 */
export async function* readFile(
  source: ArchiveSource,
  { entry, segments }: FileInArchive,
): AsyncGenerator<Buffer, void, undefined> {
  const digest = createHash("sha256");
  let left = entry.size;
  let state: "header" | "content" | "whole" = "header";
  for await (const raw of checkedSegments(source, segments)) {
    const start = state === "header" ? checkedHeaderEnd(source, entry, raw) : 0;
    const end = Math.min(start + left, raw.length);
    checkPadding(source, entry, raw.subarray(end, end + tarPadding(entry.size)));
    const content = raw.subarray(start, end);
    digest.update(content);
    left -= content.length;
    if (left > 0) state = "content";
    else if (state !== "whole") {
      checkContent(source, entry, digest.digest("hex"));
      state = "whole";
    }
    if (content.length > 0) yield content;
  }
}

function checkedHeaderEnd(source: ArchiveSource, entry: EntryRecord, raw: Buffer): number {
  const header = encodeTarHeader(entry);
  const end = entry.offset + header.length;
  if (!header.equals(raw.subarray(entry.offset, end)))
    throw differs(source, entry, "tar header", "tar header");
  return end;
}

function checkPadding(source: ArchiveSource, entry: EntryRecord, padding: Buffer): void {
  if (!padding.every((byte) => byte === 0)) throw differs(source, entry, "padding", "padding");
}

function checkContent(source: ArchiveSource, entry: EntryRecord, sha256: string): void {
  if (entry.sha256 !== sha256) throw differs(source, entry, "content", "content hash");
}

function differs(source: ArchiveSource, { path }: EntryRecord, what: string, rule: FormatRule): BackupError {
  const entry = shownPath(path);
  const message = `${archiveSubject(source)}: the ${what} of entry "${entry}" is not what the index says.`;
  return damaged(rule, message, { entry });
}
