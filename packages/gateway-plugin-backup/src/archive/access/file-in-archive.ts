/** One file of an archive, by its index and the segments that hold it. */
import { createHash } from "node:crypto";
import { BackupError } from "../../errors.js";
import { shownPath } from "../entry-name.js";
import type { EntryRecord } from "../format.js";
import { readOpened } from "../index-codec.js";
import { pathMember } from "../index-lines.js";
import type { OpenIndex } from "../open.js";
import { joinRaw, rawPath, type RawPath } from "../raw-path.js";
import { type ArchiveSource, archiveSubject } from "../source.js";
import { tarPadding } from "../tar-header.js";
import { checkedSegments, type NumberedSegment } from "./checked-segments.js";
import { checkContent, checkedHeaderEnd, checkPadding } from "../entry-checks.js";

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
): FileInArchive {
  const subject = archiveSubject(source);
  const wanted = joinRaw(rawPath(header.root), path);
  let segments: NumberedSegment[] = [];
  const member = pathMember(wanted);
  for (const line of readOpened(payload, (text) => text.includes(member))) {
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
  const subject = archiveSubject(source);
  const digest = createHash("sha256");
  let left = entry.size;
  let state: "header" | "content" | "whole" = "header";
  for await (const raw of checkedSegments(source, segments)) {
    const start = state === "header" ? checkedHeaderEnd(subject, entry, raw) : 0;
    const end = Math.min(start + left, raw.length);
    checkPadding(subject, entry, raw.subarray(end, end + tarPadding(entry.size)));
    const content = raw.subarray(start, end);
    digest.update(content);
    left -= content.length;
    if (left > 0) state = "content";
    else if (state !== "whole") {
      checkContent(subject, entry, digest.digest("hex"));
      state = "whole";
    }
    if (content.length > 0) yield content;
  }
}
