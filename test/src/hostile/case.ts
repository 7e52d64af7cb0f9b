/** One hostile archive, and how it must be refused. */
import type { BackupErrorCode } from "@openclaw/gateway-plugin-backup/testing";

export interface HostileCase {
  /** Unique; advisory ids in lower case come first: `cve-2021-32803-…`. Lower-case letters, digits and hyphens. */
  readonly id: string;
  /** What the archive tries, in one line. */
  readonly title: string;
  /** The advisory (its id and the library), or the idea, that it comes from. */
  readonly origin: string;
  /**
   * The archive's bytes.
   *
   * @param outside Absolute path of a directory beside the gateway's state directory, with files worth overwriting
   *   (`outside/file`, `outside/directory/file`): what attacks aim at. From the root of the tree that a restore
   *   extracts, it is `../../../../../outside`.
   */
  readonly archive: (outside: string) => Buffer | Promise<Buffer>;
  readonly expected: {
    /** One with exit code 7. */
    readonly code: BackupErrorCode;
    /** `details.rule` of the error. */
    readonly rule: string;
    /**
     * `details.entry` of the error, as messages show it, `{outside}` standing for the directory; left out where there is
     * no entry that could be named.
     */
    readonly entry?: string;
  };
}
