/** The databases of a restored tree: each is copied by the helper process, as a backup does it, and the copy is checked. */
import { join } from "node:path";
import { toBackupError } from "../../errors.js";
import { displayPath, type RawPath } from "../raw-path.js";
import { SqliteHelper } from "../sqlite/client.js";
import { removeCopy } from "../sqlite/copy-files.js";
import type { CopyAnswer } from "../sqlite/protocol.js";
import type { Findings } from "./findings.js";

export interface DatabaseCounts {
  readonly checked: number;
  readonly damaged: number;
  /** Encrypted: nobody can look into them without their key. */
  readonly unchecked: number;
}

export interface RestoredPlace {
  readonly tree: string;
  readonly temporaryDirectory: string;
  readonly subject: string;
}

/** No database is opened where it lies: what stands beside it may be anybody's work, and SQLite obeys it. */
export class RestoredDatabases {
  readonly #place: RestoredPlace;
  readonly #findings: Findings;
  readonly #helper: SqliteHelper;
  #checked = 0;
  #damaged = 0;
  #unchecked = 0;

  constructor(place: RestoredPlace, findings: Findings) {
    this.#place = place;
    this.#findings = findings;
    this.#helper = new SqliteHelper(place.tree, place.subject);
  }

  get counts(): DatabaseCounts {
    return { checked: this.#checked, damaged: this.#damaged, unchecked: this.#unchecked };
  }

  /**
   * Checks a file that is a database by its first bytes, or by its name. Goes further than a backup, which checks the pages:
   * here each index is compared with its table. Throws DISK_FULL, READ_ONLY, IO_FAILED for the temporary directory, and
   * JOB_THREAD_FAILED.
   */
  async check(path: RawPath): Promise<void> {
    const copy = join(this.#place.temporaryDirectory, "database.sqlite");
    const slash = path.lastIndexOf("/");
    const directory = path.slice(0, Math.max(slash, 0)) as RawPath;
    const request = { directory, name: path.slice(slash + 1) as RawPath, copy, check: "integrity" } as const;
    // The helper answers a copy with a copy's answer; the union cannot say so.
    const answer = (await this.#helper.call({ method: "copy", request })) as CopyAnswer;
    removeCopy(copy);
    switch (answer.kind) {
      case "copied":
      case "mixed":
        if (answer.checked) this.#checked++;
        else this.#unchecked++;
        break;
      case "unreadable":
        this.#checked++;
        this.#damaged++;
        this.#findings.add(
          "problem",
          "DATABASE_DAMAGED",
          path,
          `The database is of no use: ${answer.reason}.`,
        );
        break;
      case "no-room": {
        const cause = Object.assign(new Error(answer.reason), { code: answer.code });
        throw toBackupError(cause, `copy database ${displayPath(path)} to ${this.#place.temporaryDirectory}`);
      }
      default:
        this.#findings.add("warning", "NO_DATABASE", path, "It is called like a database, and is none.");
    }
  }

  close(): void {
    this.#helper.stop();
  }
}
