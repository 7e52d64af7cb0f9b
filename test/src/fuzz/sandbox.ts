/** A place to extract to where every byte that is written outside of the staging directory is noticed. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BackupError,
  extractInProcess,
  readTree,
  type TreeEntry,
} from "@openclaw/gateway-plugin-backup/testing";

/** Deep enough for `tenants/<id>/` and a climb or two to end in directories that are watched. */
const LEVELS = ["a", "b", "c", "d"];
const SENTINEL = "sentinel";
/** A single small archive takes milliseconds; this is for one that makes its reader run for ever. */
const SLOW_MS = 20_000;
const MEMORY_BYTES = 1.5 * 1024 ** 3;

export type Tree = Readonly<Record<string, TreeEntry>>;

export interface Extracted {
  readonly tree: Tree;
  readonly hadIndex: boolean;
}

export class Sandbox {
  readonly #root = mkdtempSync(join(tmpdir(), "openclaw-fuzz-"));
  /** Every directory above the staging directory, with what must be in it and nothing else. */
  readonly #watched: {
    readonly directory: string;
    readonly names: readonly string[];
    readonly mtimeMs: number;
  }[] = [];
  readonly #staging: string;
  #runs = 0;

  constructor() {
    let directory = this.#root;
    for (const level of [...LEVELS, "staging"]) {
      writeFileSync(join(directory, SENTINEL), SENTINEL, { mode: 0o600 });
      mkdirSync(join(directory, level));
      const { mtimeMs } = statSync(join(directory, SENTINEL));
      this.#watched.push({ directory, names: [level, SENTINEL].sort(), mtimeMs });
      directory = join(directory, level);
    }
    this.#staging = directory;
  }

  /**
   * Extracts an archive. Undefined: it was refused as a hostile or ambiguous archive must be, with exit code 7 or 2 and
   * a rule. Throws (AssertionError and whatever a reader throws that is no refusal) when a promise is broken.
   */
  async extract(bytes: Uint8Array): Promise<Extracted | undefined> {
    const into = join(this.#staging, "tree");
    mkdirSync(into);
    const began = performance.now();
    try {
      const { hadIndex } = await extractInProcess(bytes, into, { as: "acme" });
      const tree = readTree(into);
      checkTree(into, tree);
      return { tree, hadIndex };
    } catch (error) {
      if (!(error instanceof BackupError) || (error.exitCode !== 7 && error.exitCode !== 2)) throw error;
      return undefined;
    } finally {
      openUp(into);
      rmSync(into, { recursive: true });
      this.#checkOutside();
      assert.ok(performance.now() - began < SLOW_MS, "extraction took too long");
      if (++this.#runs % 100 === 0) assert.ok(process.memoryUsage.rss() < MEMORY_BYTES, "memory grows");
    }
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #checkOutside(): void {
    assert.deepEqual(readdirSync(this.#staging), [], "nothing beside the tree");
    for (const { directory, names, mtimeMs } of this.#watched) {
      assert.deepEqual(readdirSync(directory).sort(), names, `nothing new in ${directory}`);
      assert.equal(readFileSync(join(directory, SENTINEL), "utf8"), SENTINEL);
      assert.equal(statSync(join(directory, SENTINEL)).mtimeMs, mtimeMs);
    }
  }
}

/** What holds of every tree that a restore makes, whatever the archive. */
function checkTree(into: string, tree: Tree): void {
  for (const [path, { type, mode }] of Object.entries(tree)) {
    assert.notEqual(type, "other", `${path} is a special file`);
    assert.equal(mode & ~0o777, 0, `${path} has mode ${mode.toString(8)}`);
    if (type !== "symlink") continue;
    const target = realpathOf(Buffer.from(`${into}/${path}`, "latin1"));
    assert.ok(target === undefined || `${target}/`.startsWith(`${into}/`), `${path} leads to ${target}`);
  }
}

function realpathOf(path: Buffer): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** `directory` in Latin-1, as names may be any bytes. */
function openUp(directory: string): void {
  const bytes = Buffer.from(directory, "latin1");
  chmodSync(bytes, 0o700);
  for (const entry of readdirSync(bytes, { withFileTypes: true, encoding: "buffer" }))
    if (entry.isDirectory()) openUp(`${directory}/${entry.name.toString("latin1")}`);
}
