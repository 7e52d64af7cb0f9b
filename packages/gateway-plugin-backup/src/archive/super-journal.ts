/**
 * A rollback journal of a commit to several databases ends with the name of a *super-journal*. Whoever opens the database
 * beside such a journal makes SQLite roll it back, and then delete the file of that name, wherever that lies. In an archive
 * it would reach out of the tenant: our writer leaves it out, and every reader refuses it.
 * https://www.sqlite.org/fileformat.html, section 3; https://www.sqlite.org/atomiccommit.html, section 5
 */
import type { RawPath } from "./raw-path.js";

/** What stands behind the name. */
const SUPER_JOURNAL_END = Buffer.from("d9d505f920a163d7", "hex");

export const SUPER_JOURNAL_END_BYTES = SUPER_JOURNAL_END.length;

/** Whether SQLite would take the file for the journal of a database beside it. */
export function isNamedAsJournal(path: RawPath): boolean {
  return path.endsWith("-journal");
}

/** Whether a file whose last bytes are these names a super-journal, if it is a journal. */
export function endsAsSuperJournal(bytes: Uint8Array): boolean {
  return SUPER_JOURNAL_END.equals(bytes.subarray(-SUPER_JOURNAL_END_BYTES));
}

/** The last bytes of a file of which one part comes after the other. */
export class FileEnd {
  #bytes: Uint8Array = new Uint8Array();

  /** Keeps nothing of the part's memory. */
  append(part: Uint8Array): void {
    this.#bytes =
      part.length >= SUPER_JOURNAL_END_BYTES
        ? new Uint8Array(part.subarray(-SUPER_JOURNAL_END_BYTES))
        : Buffer.concat([this.#bytes, part]).subarray(-SUPER_JOURNAL_END_BYTES);
  }

  get isSuperJournal(): boolean {
    return endsAsSuperJournal(this.#bytes);
  }
}
