/** Whether the tar bytes of an entry are what the index says. All throw ARCHIVE_DAMAGED. */
import type { BackupError } from "../../errors.js";
import { damaged, type FormatRule } from "../damage.js";
import { shownPath } from "../entry-name.js";
import type { EntryRecord } from "../format.js";
import { type ArchiveSource, archiveSubject } from "../source.js";
import { encodeTarHeader } from "../tar-header.js";

/** Where the entry's content begins in its segment's tar bytes. */
export function checkedHeaderEnd(source: ArchiveSource, entry: EntryRecord, raw: Buffer): number {
  const header = encodeTarHeader(entry);
  const end = entry.offset + header.length;
  if (!header.equals(raw.subarray(entry.offset, end)))
    throw differs(source, entry, "tar header", "tar header");
  return end;
}

export function checkPadding(source: ArchiveSource, entry: EntryRecord, padding: Buffer): void {
  if (!padding.every((byte) => byte === 0)) throw differs(source, entry, "padding", "padding");
}

export function checkContent(source: ArchiveSource, entry: EntryRecord, sha256: string): void {
  if (entry.sha256 !== sha256) throw differs(source, entry, "content", "content hash");
}

function differs(source: ArchiveSource, { path }: EntryRecord, what: string, rule: FormatRule): BackupError {
  const entry = shownPath(path);
  const message = `${archiveSubject(source)}: the ${what} of entry "${entry}" is not what the index says.`;
  return damaged(rule, message, { entry });
}
