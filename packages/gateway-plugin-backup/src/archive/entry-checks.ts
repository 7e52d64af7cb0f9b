/**
 * Whether the tar bytes of an entry are what the index says. All throw ARCHIVE_DAMAGED; `subject` is the archive, as it
 * begins a message.
 */
import type { BackupError } from "../errors.js";
import { damaged, type FormatRule } from "./damage.js";
import { shownPath } from "./entry-name.js";
import type { EntryRecord } from "./format.js";
import { encodeTarHeader } from "./tar-header.js";

/** As long as any padding can be: that fills a block. */
const ZEROS = Buffer.alloc(512);

/** Where the entry's content begins in its segment's tar bytes. */
export function checkedHeaderEnd(subject: string, entry: EntryRecord, raw: Buffer): number {
  const header = encodeTarHeader(entry);
  const end = entry.offset + header.length;
  if (!header.equals(raw.subarray(entry.offset, end)))
    throw differs(subject, entry, "tar header", "tar header");
  return end;
}

export function checkPadding(subject: string, entry: EntryRecord, padding: Buffer): void {
  if (!ZEROS.subarray(0, padding.length).equals(padding)) throw differs(subject, entry, "padding", "padding");
}

export function checkContent(subject: string, entry: EntryRecord, sha256: string): void {
  if (entry.sha256 !== sha256) throw differs(subject, entry, "content", "content hash");
}

function differs(subject: string, { path }: EntryRecord, what: string, rule: FormatRule): BackupError {
  const entry = shownPath(path);
  const message = `${subject}: the ${what} of entry "${entry}" is not what the index says.`;
  return damaged(rule, message, { entry });
}
