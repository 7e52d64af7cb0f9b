/**
 * The reader thread's view of databases: which files are, and their copies. It decides from `stat` alone what to ask the
 * helper process, because opening a database here would drop the gateway's locks on it (see `sqlite/helper.ts`).
 */
import type { BigIntStats } from "node:fs";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { statIn } from "./confined.js";
import { LARGE_FILE_BYTES } from "./format.js";
import type { Child } from "./listing.js";
import { joinRaw } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { companionOf, identityOf, isCandidate } from "./sqlite/protocol.js";
import type { CopyAnswer, CopyRequest, InspectRequest, Verdict } from "./sqlite/protocol.js";
import type { ListedDirectory } from "./walk.js";

export interface DatabaseService {
  inspect(request: InspectRequest): Promise<readonly Verdict[]>;
  copy(request: CopyRequest): Promise<CopyAnswer>;
}

/** Files that are inspected with one question: enough to make the question's cost vanish. */
const INSPECT_AHEAD = 256;

type Verdicts = Map<RawPath, Verdict>;
const GONE: Verdict = { kind: "gone", identity: "" };

/** One copy is made ahead, while the reader is busy with what comes before it. */
interface CopyAhead {
  readonly path: RawPath;
  readonly file: string;
  readonly answer: Promise<CopyAnswer>;
}

export type DatabaseCopy = CopyAnswer & { readonly file: string };

export class TenantDatabases {
  readonly #service: DatabaseService;
  readonly #temporaryDirectory: string;
  /** Of the directories that the walk has open. */
  readonly #verdicts = new WeakMap<ListedDirectory, Verdicts>();
  #ahead: CopyAhead | undefined;
  #copies = 0;

  constructor(service: DatabaseService, temporaryDirectory: string) {
    this.#service = service;
    this.#temporaryDirectory = temporaryDirectory;
  }

  /** What the file is whose `stats` were taken. Inspects the files behind it in the directory along with it. */
  async verdict(directory: ListedDirectory, name: RawPath, stats: BigIntStats): Promise<Verdict> {
    if (!isCandidate(name, stats)) return { kind: "plain", identity: identityOf(stats) };
    return this.#judged(directory, name, stats);
  }

  async #judged(directory: ListedDirectory, name: RawPath, stats: BigIntStats): Promise<Verdict> {
    const identity = identityOf(stats);
    const verdicts = this.#verdictsOf(directory);
    const known = verdicts.get(name);
    if (known?.identity === identity) return known;
    const names = [name, ...candidatesBehind(directory).filter((behind) => behind !== name)];
    const answers = await this.#service.inspect({ directory: directory.path, names });
    names.forEach((candidate, index) => {
      const answer = answers[index];
      if (answer !== undefined) verdicts.set(candidate, answer);
    });
    const [verdict = GONE] = answers;
    return verdict;
  }

  /**
   * Whether the file is the `-wal`, `-shm` or `-journal` of a database, which must not be opened here either, and is not
   * archived: the copy of the database holds what is in it.
   */
  async isCompanion(directory: ListedDirectory, name: RawPath): Promise<boolean> {
    const base = companionOf(name)?.base;
    const baseStats = base === undefined ? undefined : statIn(directory.handle, base);
    if (base === undefined || baseStats?.isFile() !== true) return false;
    const stats = statIn(directory.handle, name);
    const kind = stats === undefined ? "gone" : (await this.#judged(directory, name, stats)).kind;
    if (kind !== "gone") return kind === "companion";
    // A commit is over: its journal was there when the directory was listed.
    const { kind: baseKind } = await this.verdict(directory, base, baseStats);
    return baseKind === "database" || baseKind === "encrypted";
  }

  /**
   * The copy of a database, in a file that the caller removes.
   *
   * @param next The database that will be asked for after it: its copy is made meanwhile.
   */
  async copy(path: RawPath, next: RawPath | undefined): Promise<DatabaseCopy> {
    const copy = this.#ahead?.path === path ? this.#ahead : this.#start(path);
    if (this.#ahead !== undefined && this.#ahead !== copy) this.#discard(this.#ahead);
    this.#ahead = next === undefined ? undefined : this.#start(next);
    return { ...(await copy.answer), file: copy.file };
  }

  /** The next database behind the current file in its directory that is small enough to be asked for now, as far as is known. */
  nextSmall(directory: ListedDirectory): RawPath | undefined {
    const verdicts = this.#verdictsOf(directory);
    const next = childrenBehind(directory).find(({ name }) => {
      const kind = verdicts.get(name)?.kind;
      if (kind !== "database" && kind !== "encrypted") return false;
      return (statIn(directory.handle, name)?.size ?? LARGE_FILE_BYTES) < LARGE_FILE_BYTES;
    });
    return next === undefined ? undefined : joinRaw(directory.path, next.name);
  }

  #start(path: RawPath): CopyAhead {
    const slash = path.lastIndexOf("/");
    const directory = path.slice(0, Math.max(slash, 0)) as RawPath;
    const name = path.slice(slash + 1) as RawPath;
    const file = join(this.#temporaryDirectory, `database-${++this.#copies}.sqlite`);
    const answer = this.#service.copy({ directory, name, copy: file });
    // Awaited later, or never; whoever awaits it still gets the error.
    answer.catch(() => undefined);
    return { path, file, answer };
  }

  #discard({ file, answer }: CopyAhead): void {
    answer.then(
      () => rmSync(file, { force: true }),
      () => undefined,
    );
  }

  #verdictsOf(directory: ListedDirectory): Verdicts {
    const known = this.#verdicts.get(directory);
    if (known !== undefined) return known;
    const verdicts: Verdicts = new Map();
    this.#verdicts.set(directory, verdicts);
    return verdicts;
  }
}

function childrenBehind(directory: ListedDirectory): readonly Child[] {
  return directory.children.slice(directory.position + 1, directory.position + 1 + INSPECT_AHEAD);
}

function candidatesBehind(directory: ListedDirectory): RawPath[] {
  return childrenBehind(directory)
    .filter(({ name, type }) => {
      const stats = type === "file" ? statIn(directory.handle, name) : undefined;
      return stats !== undefined && (isCandidate(name, stats) || companionOf(name) !== undefined);
    })
    .map(({ name }) => name);
}
