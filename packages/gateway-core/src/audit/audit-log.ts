/** The gateway's audit log: who did what, from where, on which tenant, and what came of it. See docs/audit.md. */
import { mkdir, unlink } from "node:fs/promises";
import path from "node:path";
import { GatewayError } from "../errors.js";
import type { Clock, PluginLogger } from "../plugin/host.js";
import { syncDirectory } from "../state/atomic-write.js";
import { errorText, isSystemError } from "../system-error.js";
import { GATEWAY_VERSION } from "../version.js";
import { LineBudget } from "./budget.js";
import { ChainCheck, PRUNED, TORN } from "./chain.js";
import { listFiles, pieces, type AuditFile, type Piece } from "./files.js";
import { decodeLine, encodeLine, GENESIS, type AuditEntry, type AuditLine, type ChainHead } from "./line.js";
import { AuditWriter, type Snapshot } from "./writer.js";

export interface AuditConfig {
  /** Files whose lines are all older than so many days are removed. */
  readonly keepDays: number;
  /** A file does not grow beyond this, in bytes. */
  readonly maxFileBytes: number;
}

export interface AuditLogOptions extends AuditConfig {
  /** `audit/` of the state directory; made if it is missing. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: PluginLogger;
}

/** Lines a minute of what somebody without an admin's rights can have written at will, by caller. */
export const BUDGET_PER_MINUTE = 120;

const DAY_MS = 86_400_000;
const PRUNE_INTERVAL_MS = 3_600_000;

/** How the log is doing, for the doctor. */
export interface AuditHealth {
  /** Why it cannot be written. */
  readonly problem?: string;
  /** Lines that wait to be written. */
  readonly waiting: number;
  /** Lines that were given up since the start, because too many waited. */
  readonly lost: number;
}

export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #writer: AuditWriter;
  readonly #budget: LineBudget;
  #head: ChainHead;
  #lost = 0;
  #lostUnnoted = 0;
  #readers = 0;
  #prunedAt = -Infinity;
  #pruning: Promise<void> | undefined;

  private constructor(options: AuditLogOptions, writer: AuditWriter, head: ChainHead) {
    this.#options = options;
    this.#writer = writer;
    this.#budget = new LineBudget(BUDGET_PER_MINUTE, options.clock);
    this.#head = head;
  }

  /**
   * Goes on with the log where it ends. What a crash has cut off is left as it is, and noted. Throws `STATE_UNUSABLE` when
   * the log cannot be read.
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { directory, log, maxFileBytes } = options;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const files = await listFiles(directory);
      const { head, newest, cut } = await readEnd(directory, files, log);
      const writer = new AuditWriter({ directory, maxFileBytes, log, current: newest, head });
      const audit = new AuditLog(options, writer, head);
      if (cut !== undefined) audit.#mend(cut);
      log.info({ seq: head.seq, hash: head.hash }, "the audit log goes on behind this line");
      audit.record({
        actor: "gateway",
        action: "gateway.start",
        result: "started",
        details: { version: GATEWAY_VERSION },
      });
      return audit;
    } catch (error) {
      throw new GatewayError(
        "STATE_UNUSABLE",
        `The audit log in ${directory} cannot be used: ${errorText(error)}`,
        { hint: "Make it readable and writable for the gateway's user.", cause: error },
      );
    }
  }

  /**
   * Adds a line. Its place in the chain is settled when this returns; it is on disk when {@link flush} resolves.
   *
   * @param budget Whose budget it is taken from; beyond that, lines are counted only.
   */
  record(entry: AuditEntry, budget?: string): void {
    if (budget !== undefined && !this.#budget.take(budget)) return;
    if (!this.#writer.hasRoom) {
      this.#lost += 1;
      this.#lostUnnoted += 1;
      return;
    }
    this.#noteLost();
    this.#append(entry);
  }

  /** Resolves when every line so far is on disk, or could not be written (which is logged, and told by the doctor). */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** To be called now and then: writes what could not be written before, and prunes. */
  async tick(): Promise<void> {
    this.#noteSurplus();
    if (this.#writer.problem !== undefined) await this.#writer.flush();
    const now = this.#options.clock.now();
    if (now - this.#prunedAt >= PRUNE_INTERVAL_MS || now < this.#prunedAt) {
      this.#prunedAt = now;
      await this.prune();
    }
  }

  /** Removes the oldest files while all their lines are older than the config keeps them; the chain notes each. */
  prune(): Promise<void> {
    this.#pruning ??= this.#prune()
      .catch((error: unknown) =>
        this.#options.log.error(
          { problem: errorText(error) },
          "old files of the audit log cannot be removed",
        ),
      )
      .finally(() => (this.#pruning = undefined));
    return this.#pruning;
  }

  /** Calls back with the log as it is on disk; until that ends, nothing of it is removed. */
  async read<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    this.#readers += 1;
    try {
      await this.#pruning;
      return await work(await this.#writer.snapshot());
    } finally {
      this.#readers -= 1;
    }
  }

  get health(): AuditHealth {
    const { problem, waiting } = this.#writer;
    return { ...(problem === undefined ? {} : { problem }), waiting, lost: this.#lost };
  }

  get directory(): string {
    return this.#options.directory;
  }

  async close(): Promise<void> {
    for (const surplus of this.#budget.surplus(true)) this.#appendSurplus(surplus);
    this.record({ actor: "gateway", action: "gateway.stop", result: "stopped" });
    await this.#pruning;
    await this.#writer.close();
    const { seq, hash } = this.#head;
    this.#options.log.info({ seq, hash }, "the audit log ends with this line");
  }

  #append(entry: AuditEntry): void {
    const { bytes, head } = encodeLine(this.#head, this.#options.clock.now(), entry);
    this.#head = head;
    this.#writer.append(bytes, head);
  }

  /** Ends the line that a crash has cut off, and says so: in one write, so that a crash leaves both or something cut off. */
  #mend({ torn }: Cut): void {
    const lineBreak = Buffer.from("\n");
    if (torn === undefined) {
      this.#writer.append(lineBreak, this.#head, true);
      return;
    }
    const entry: AuditEntry = { actor: "gateway", action: TORN, result: "noted", details: torn };
    const { bytes, head } = encodeLine(this.#head, this.#options.clock.now(), entry);
    this.#head = head;
    this.#writer.append(Buffer.concat([lineBreak, bytes]), head, true);
  }

  #noteSurplus(): void {
    for (const surplus of this.#budget.surplus()) this.#appendSurplus(surplus);
  }

  #appendSurplus({ key, lines, since }: ReturnType<LineBudget["surplus"]>[number]): void {
    const details = { of: key, lines, since: new Date(since).toISOString() };
    this.#append({ actor: "gateway", action: "audit.surplus", result: "counted", details });
  }

  #noteLost(): void {
    if (this.#lostUnnoted === 0) return;
    const details = { lines: this.#lostUnnoted };
    this.#lostUnnoted = 0;
    this.#append({ actor: "gateway", action: "audit.lost", result: "counted", details });
  }

  async #prune(): Promise<void> {
    const { clock, directory, keepDays, log } = this.#options;
    const keptFrom = clock.now() - keepDays * DAY_MS;
    const { files } = await this.#writer.snapshot();
    for (const [index, file] of files.entries()) {
      const next = files[index + 1];
      // Its lines are older than the first one behind it.
      const following = next === undefined ? undefined : await firstLine(directory, next);
      if (following === undefined || Date.parse(following.time) >= keptFrom) return;
      this.record({
        actor: "gateway",
        action: PRUNED,
        result: "removed",
        details: { file: file.name, through: following.seq - 1, hash: following.prev },
      });
      await this.#writer.flush();
      if (this.#readers > 0 || this.#writer.problem !== undefined) return;
      await unlink(path.join(directory, file.name));
      await syncDirectory(directory);
      log.info({ file: file.name }, "an old file of the audit log was removed");
    }
  }
}

/** A last line without its line break. */
interface Cut {
  /** Of what was cut off; absent: the line was complete but for its line break. */
  readonly torn?: { readonly file: string; readonly bytes: number; readonly sha256: string };
}

interface End {
  readonly head: ChainHead;
  readonly newest?: { readonly name: string; readonly size: number };
  readonly cut?: Cut;
}

/** Where the chain stands on disk: at the last line that can be read. */
async function readEnd(directory: string, files: readonly AuditFile[], log: PluginLogger): Promise<End> {
  let newest: End["newest"];
  let cut: End["cut"];
  for (const file of files.toReversed()) {
    const { check, size, isCut } = await readFile(directory, file);
    if (newest === undefined) {
      const tail = check.tail;
      newest = { name: file.name, size };
      if (isCut) cut = {};
      else if (tail?.ended === false) {
        const { bytes, sha256 } = tail;
        cut = { torn: { file: file.name, bytes, sha256 } };
        log.warn({ file: file.name, bytes }, "the audit log's last line was cut off; that is noted in it");
      }
      for (const fault of check.faults) log.error(fault, "the audit log was tampered with, or is damaged");
    }
    if (check.last !== undefined) {
      const { seq, hash } = check.last;
      return { head: { seq, hash }, newest, ...(cut && { cut }) };
    }
  }
  return { head: GENESIS, ...(newest && { newest }), ...(cut && { cut }) };
}

interface ReadFile {
  readonly check: ChainCheck;
  readonly size: number;
  /** The last line lacks nothing but its line break. */
  readonly isCut: boolean;
}

async function readFile(directory: string, file: AuditFile): Promise<ReadFile> {
  const check = new ChainCheck(false);
  let size = 0;
  let isCut = false;
  check.enter(file);
  for await (const some of pieces(path.join(directory, file.name), Infinity)) {
    for (const piece of some) {
      size += piece.bytes.length + (piece.ends ? 1 : 0);
      isCut = isCompleteLine(piece);
      check.feed(isCut ? { ...piece, ends: true } : piece);
    }
  }
  return { check, size, isCut };
}

function isCompleteLine({ begins, bytes, ends }: Piece): boolean {
  return begins && !ends && decodeLine(bytes)?.intact === true;
}

/** Undefined where it is not as it was written: nothing before it is removed then. */
async function firstLine(directory: string, file: AuditFile): Promise<AuditLine | undefined> {
  try {
    for await (const [piece] of pieces(path.join(directory, file.name), Infinity)) {
      const decoded = piece?.begins === true && piece.ends ? decodeLine(piece.bytes) : undefined;
      return decoded?.intact === true && decoded.line.seq === file.firstSeq ? decoded.line : undefined;
    }
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  }
  return undefined;
}
