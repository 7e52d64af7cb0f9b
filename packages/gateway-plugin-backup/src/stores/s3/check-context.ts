import { randomBytes } from "node:crypto";
import { BackupError, type BackupErrorCode } from "../../errors.js";
import type { CheckedThing, CheckFinding, CheckOptions } from "../check/report.js";
import { S3Error, type Bucket } from "./bucket.js";
import { abortAll } from "./unfinished.js";
import { inspect, removeObject, type Written } from "./objects.js";

/** With these nothing else can be found out either. */
const FATAL: readonly BackupErrorCode[] = [
  "STORE_UNREACHABLE",
  "STORE_CLOCK_SKEW",
  "CREDENTIALS_MISSING",
  "BUCKET_NOT_FOUND",
  "JOB_CANCELLED",
  "JOB_INTERRUPTED",
];

/** What the steps of a check share: the bucket, the findings, and what has to be taken away in the end. */
export class CheckContext {
  readonly findings: CheckFinding[] = [];
  readonly leftBehind: string[] = [];
  readonly bucket: Bucket;
  readonly options: CheckOptions;
  readonly #prefix: string;
  readonly #name = randomBytes(8).toString("hex");
  /** Keys at which something may be, with the versions that are known to be there. */
  readonly #made = new Map<string, Set<string | undefined>>();

  constructor(bucket: Bucket, prefix: string, options: CheckOptions) {
    this.bucket = bucket;
    this.#prefix = prefix;
    this.options = options;
  }

  get request(): { readonly signal: AbortSignal } {
    return { signal: this.options.signal };
  }

  find(finding: CheckFinding): void {
    this.findings.push(finding);
  }

  key(what: string): string {
    return `${this.#prefix}.openclaw-check-${this.#name}-${what}`;
  }

  /** Before anything is made at a key. */
  async announce(key: string): Promise<void> {
    if (this.#made.has(key)) return;
    await this.options.onLeftover({ kind: "probe", key });
    this.#made.set(key, new Set());
  }

  made(key: string, { version }: Written): void {
    this.#made.get(key)?.add(version);
  }

  /**
   * What `work` gives; undefined, with a finding, where the store refuses it. Throws what ends the check: nobody answers,
   * there is no such bucket, …
   */
  async attempt<T>(
    what: CheckedThing,
    doing: string,
    work: () => Promise<T>,
    refused: Pick<CheckFinding, "outcome" | "consequence">,
  ): Promise<T | undefined> {
    this.options.onStep(what);
    try {
      return await work();
    } catch (error) {
      this.options.signal.throwIfAborted();
      if (!(error instanceof BackupError) || FATAL.includes(error.code)) throw error;
      const isDenied = error.code === "STORE_DENIED";
      this.find({
        what,
        ...refused,
        outcome: isDenied ? "denied" : refused.outcome,
        message: isDenied
          ? `These credentials may not ${doing}.`
          : `The store does not ${doing}${reasonOf(error)}.`,
      });
      return undefined;
    }
  }

  /** Takes away all that was made, also after a failure or an abort; what stays is noted. True when nothing does. */
  async cleanUp(): Promise<boolean> {
    for (const [key, versions] of this.#made) {
      try {
        // Whoever may not list unfinished uploads has aborted each by its id.
        await abortAll(this.bucket, key, {}).catch(() => undefined);
        for (const version of versions) await removeObject(this.bucket, key, {}, version);
        // What was made by a request whose answer was lost is not known yet.
        const unknown = await inspect(this.bucket, key, {});
        if (unknown !== undefined) await removeObject(this.bucket, key, {}, unknown.version);
        if (unknown !== undefined && (await inspect(this.bucket, key, {})) !== undefined)
          throw new BackupError("STORE_FAILED", "It is still there.");
        this.options.onGone({ kind: "probe", key });
      } catch {
        this.leftBehind.push(this.bucket.locate(key));
      }
    }
    return this.leftBehind.length === 0;
  }
}

function reasonOf(error: BackupError): string {
  return error instanceof S3Error ? ` (${error.fault.reason})` : "";
}
