/** What makes an archive a damaged one: `docs/archive-format.md` has the rules. */
import { BackupError } from "../errors.js";

/** What does not hold in the tar of another tool. */
export type TarRule =
  | "header checksum"
  /** A number of the header that is none. */
  | "mode field"
  | "size field"
  | "mtime field"
  | "size out of range"
  | "pax records"
  | "pax record twice"
  | "pax size"
  | "pax mtime"
  /** Headers that contradict each other, or stand where they belong to nothing. */
  | "names disagree"
  | "sizes disagree"
  | "extended header twice"
  | "extended header without an entry"
  | "extended header too long"
  | "global header with a name or size"
  | "label with content"
  /** Of an entry that is no file. */
  | "size of a directory"
  | "size of a symlink"
  | "size of a hardlink"
  | "cut off"
  | "data behind the end"
  | "no entries";

/** The rule that does not hold, in `details.rule` of an ARCHIVE_DAMAGED. */
export type FormatRule =
  /** Another tool's archive: its compression, or what stands behind it. */
  | "compression"
  /** One of ours whose end is lost or altered. */
  | "lost end"
  | TarRule
  | "object layout"
  | "skippable frame"
  | "zstd frame"
  | "seek table"
  | "signature"
  /** A line of the index for itself; the place of a line among the others; the header's sums over all. */
  | "index line"
  | "index layout"
  | "index totals"
  | "tenant"
  | "segment hash"
  /** It is not what was stored, as far as the gateway remembers that. */
  | "index hash"
  | "object hash"
  /** The description of a whole gateway's backup. */
  | "manifest"
  | "tar header"
  | "content hash"
  | "padding"
  | "tar end"
  /** Of an encrypted archive: what says to whom; the encrypted bytes; their form as text. */
  | "age header"
  | "age payload"
  | "age armor";

export interface DamageFacts {
  /** The entry at fault, fit to be shown. */
  readonly entry?: string;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An ARCHIVE_DAMAGED. `message` is a whole sentence. */
export function damaged(rule: FormatRule, message: string, facts: DamageFacts = {}): BackupError {
  const { entry, hint, cause } = facts;
  return new BackupError("ARCHIVE_DAMAGED", message, {
    details: { rule, ...(entry !== undefined && { entry }) },
    ...(hint !== undefined && { hint }),
    ...(cause !== undefined && { cause }),
  });
}
