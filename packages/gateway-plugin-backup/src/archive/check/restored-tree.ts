/**
 * Looks at a restored tree as its tenant will: every file is read back and compared with the index, databases are checked,
 * JSON is parsed. For a tree that was restored a moment ago to be looked at and removed: it is not followed through links, and
 * modes that forbid its owner to read are lifted once they have been compared. Synchronous but for databases, for a job thread.
 */
import { chmodSync, lstatSync, readdirSync, readlinkSync, type BigIntStats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { toBackupError } from "../../errors.js";
import { DirectoryHandles } from "../directory-handles.js";
import type { ArchiveLimits, EntryRecord } from "../format.js";
import { readIndex } from "../index-codec.js";
import { nameOf } from "../confined.js";
import { RESTORED_WITHIN_NS } from "../file-times.js";
import type { OpenIndex } from "../open.js";
import { joinRaw, rawPath, rawPathFromBytes, type RawPath } from "../raw-path.js";
import { hasDatabaseName, SQLITE_MAGIC } from "../sqlite/protocol.js";
import { Findings, type Finding, type Severity } from "./findings.js";
import { RestoredDatabases, type DatabaseCounts } from "./restored-databases.js";
import { jsonCheckFor, readRestoredFile } from "./restored-file.js";

export interface TreeCheckRequest {
  /** The tree, absolute. */
  readonly tree: string;
  /** What it was restored from; undefined: nothing says what should be there. */
  readonly index: OpenIndex | undefined;
  readonly limits: ArchiveLimits;
  /** For copies of databases: exists, is empty. */
  readonly temporaryDirectory: string;
  /** Whose tree it is, as it begins a message: `The drill of tenant acme`. */
  readonly subject: string;
  readonly signal: AbortSignal;
  onProgress(progress: { readonly files: number; readonly contentBytes: number }): void;
}

export interface TreeReport {
  /** What was found in the tree. */
  readonly entries: number;
  readonly files: number;
  readonly contentBytes: number;
  readonly databases: DatabaseCounts;
  readonly json: { readonly checked: number; readonly wrong: number; readonly torn: number };
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<Severity, number>>;
}

/**
 * Where what people and agents keep may be called as they like: of a tenant, of each tenant in the gateway's state. Everywhere
 * else the gateway and its plugins write.
 */
const WORKSPACE = /^(?:tenants\/[^/]+\/)?workspace\//;
/** The gateway's config is JSON5. */
const CONFIG = rawPath("openclaw.json");

/** Times that every file system can hold, in nanoseconds: from 1970 to 2038. */
const TIME_MIN = 0n;
const TIME_MAX = (2n ** 31n - 1n) * 1_000_000_000n;
const TIME_SLACK = BigInt(RESTORED_WITHIN_NS);

/** Files between two looks at whether the job is cancelled, which only the event loop can tell. */
const FILES_PER_TURN = 64;

/** Throws what keeps the tree from being looked at: IO_FAILED, DISK_FULL, JOB_THREAD_FAILED, and the signal's reason. */
export async function checkRestoredTree(request: TreeCheckRequest): Promise<TreeReport> {
  try {
    return await look(request);
  } catch (error) {
    throw toBackupError(error, `look at what was restored to ${request.tree}`);
  }
}

async function look(request: TreeCheckRequest): Promise<TreeReport> {
  const check = new TreeCheck(request);
  try {
    return await check.run();
  } finally {
    check.close();
  }
}

class TreeCheck {
  readonly #request: TreeCheckRequest;
  readonly #handles: DirectoryHandles;
  readonly #findings = new Findings();
  readonly #databases: RestoredDatabases;
  readonly #json = { checked: 0, wrong: 0, torn: 0 };
  #entries = 0;
  #files = 0;
  #contentBytes = 0;

  constructor(request: TreeCheckRequest) {
    this.#request = request;
    this.#handles = new DirectoryHandles(request.tree);
    this.#databases = new RestoredDatabases(request, this.#findings);
  }

  async run(): Promise<TreeReport> {
    const { index } = this.#request;
    if (index !== undefined) await this.#compare(index);
    const expected = this.#entries;
    this.#entries = 0;
    await this.#walk(index === undefined);
    if (index !== undefined && this.#entries !== expected) {
      const message = `The tree has ${this.#entries} entries where the index has ${expected}.`;
      this.#findings.add("problem", "RESTORED_DIFFERENTLY", rawPath(""), message);
    }
    return {
      entries: this.#entries,
      files: this.#files,
      contentBytes: this.#contentBytes,
      databases: this.#databases.counts,
      json: this.#json,
      findings: this.#findings.list,
      counts: this.#findings.counts,
    };
  }

  close(): void {
    this.#databases.close();
    this.#handles.close();
  }

  /** Directories first: in what they hold nothing is reached before their owner may. */
  async #compare({ payload, header }: OpenIndex): Promise<void> {
    const { limits } = this.#request;
    for (const isDirectory of [true, false])
      for (const line of readIndex(payload, limits)) {
        if (line.kind !== "entry" || (line.entry.type === "directory") !== isDirectory) continue;
        const { entry } = line;
        this.#entries++;
        await this.#entry(entry.path.slice(header.root.length + 1) as RawPath, entry);
      }
  }

  /** Counts what there is; with `looks`, looks at it, too. */
  async #walk(looks: boolean): Promise<void> {
    const directories = [rawPath("")];
    for (let path; (path = directories.pop()) !== undefined;) {
      this.#entries++;
      if (looks) await this.#entry(path, undefined);
      const listed = nameOf(this.#handles.directory(path));
      for (const child of readdirSync(listed, { encoding: "buffer", withFileTypes: true })) {
        const childPath = joinRaw(path, rawPathFromBytes(child.name));
        if (child.isDirectory()) {
          directories.push(childPath);
          continue;
        }
        this.#entries++;
        if (looks) await this.#entry(childPath, undefined);
      }
    }
  }

  async #entry(path: RawPath, expected: EntryRecord | undefined): Promise<void> {
    if (this.#entries % FILES_PER_TURN === 0) await setImmediate();
    this.#request.signal.throwIfAborted();
    const stats = lstatSync(this.#handles.entry(path), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) {
      this.#differs(path, "It is not there.");
      return;
    }
    const differences = expected === undefined ? [] : differencesOf(stats, expected);
    if (stats.isSymbolicLink()) {
      const target = rawPathFromBytes(readlinkSync(this.#handles.entry(path), { encoding: "buffer" }));
      if (expected !== undefined && target !== expected.target) differences.push("target");
    } else if (stats.isDirectory()) {
      chmodSync(this.#handles.entry(path), 0o700);
    } else {
      const sha256 = await this.#file(path, stats);
      if (expected !== undefined && sha256 !== expected.sha256) differences.push("content");
    }
    if (differences.length > 0)
      this.#differs(path, `It has another ${differences.join(", ")} than in the index.`);
  }

  #differs(path: RawPath, message: string): void {
    this.#findings.add("problem", "RESTORED_DIFFERENTLY", path, message);
  }

  /** SHA-256 of the content. */
  async #file(path: RawPath, stats: BigIntStats): Promise<string> {
    const name = this.#handles.entry(path);
    if ((stats.mode & 0o400n) === 0n) chmodSync(name, 0o600);
    const json = jsonCheckFor(path);
    const { sha256, head } = readRestoredFile(name, json);
    this.#files++;
    this.#contentBytes += Number(stats.size);
    if (json !== undefined) this.#judgeJson(path, json.end());
    if (head.equals(SQLITE_MAGIC) || (stats.size > 0n && hasDatabaseName(path)))
      await this.#databases.check(path);
    this.#request.onProgress({ files: this.#files, contentBytes: this.#contentBytes });
    return sha256;
  }

  #judgeJson(path: RawPath, verdict: ReturnType<NonNullable<ReturnType<typeof jsonCheckFor>>["end"]>): void {
    this.#json.checked++;
    if (verdict.kind === "good") return;
    this.#json[verdict.kind]++;
    const where = verdict.line === undefined ? "It" : `Line ${verdict.line}`;
    if (verdict.kind === "torn") {
      const message = `${where}, its last one, is cut off: it was being written when it was backed up, or a crash tore it.`;
      this.#findings.add("warning", "JSON_TORN", path, message);
      return;
    }
    const severity = isFree(path, this.#request.index?.header.root) ? "warning" : "problem";
    this.#findings.add(severity, "JSON_WRONG", path, `${where} is not JSON.`);
  }
}

/** Whether nobody says that the file has to be JSON. */
function isFree(path: RawPath, root: string | undefined): boolean {
  return WORKSPACE.test(path) || root === "workspace" || (root === "state" && path === CONFIG);
}

function differencesOf(stats: BigIntStats, { type, mode, size, mtimeNs }: EntryRecord): string[] {
  const found = stats.isSymbolicLink() ? "symlink" : stats.isDirectory() ? "directory" : "file";
  if (found !== type) return ["type"];
  const differences: string[] = [];
  if (type !== "symlink" && (Number(stats.mode) & 0o777) !== mode) differences.push("mode");
  if (type === "file" && Number(stats.size) !== size) differences.push("size");
  if (!isSameTime(stats.mtimeNs, mtimeNs)) differences.push("time");
  return differences;
}

function isSameTime(found: bigint, expected: bigint): boolean {
  if (expected < TIME_MIN || expected > TIME_MAX) return true;
  const off = found - expected;
  return off > -TIME_SLACK && off < TIME_SLACK;
}
