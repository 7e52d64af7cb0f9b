import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "../../archive/format.js";
import { sampleKey } from "../../archive/testing/archive-builder.js";
import { BackupError } from "../../errors.js";
import { openStore } from "../../stores/open.js";
import type { StoreSettings } from "../../stores/settings.js";
import {
  CallLog,
  FailingStore,
  type PlannedFailure,
  type StoreCall,
} from "../../test-support/failing-store.js";
import type { OperationContext } from "./operation-context.js";
import { operations } from "./operations.js";
import type { BackupOperation, CompletingArchive, ExtractOperation } from "./protocol.js";

/** More than one piece of what a store reads and writes at a time. */
const LARGE_FILE_BYTES = 5_000_000;

interface Bench {
  readonly settings: StoreSettings;
  /** Where archives go. */
  readonly root: string;
  readonly backup: BackupOperation;
  /** The tenant's files, by path. */
  readonly files: ReadonlyMap<string, Buffer>;
}

function bench(t: Test): Bench {
  const directory = t.testdir({ root: {}, temporary: {}, tenant: { sessions: {} } });
  const root = join(directory, "root");
  const tenant = join(directory, "tenant");
  const files = new Map([
    ["sessions/a.jsonl", Buffer.from('{"role":"user"}\n')],
    ["large", randomBytes(LARGE_FILE_BYTES)],
  ]);
  for (const [path, content] of files) writeFileSync(join(tenant, path), content);
  new Database(join(tenant, "memory.sqlite")).exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)").close();
  const settings: StoreSettings = { kind: "local", roots: [root] };
  return {
    settings,
    root,
    files,
    backup: {
      store: settings,
      key: join(root, "deep", "a.tar.zst"),
      directory: tenant,
      tenant: "acme",
      limits: DEFAULT_LIMITS,
      exclude: [],
      allowUnreadable: false,
      uid: "0".repeat(32),
      createdAt: "2026-03-07T02:00:00.000Z",
      producer: "openclaw-test/0.0.0",
      compressionLevel: 3,
      compressionThreads: 1,
      overwrite: false,
      temporaryDirectory: join(directory, "temporary"),
      signingKey: sampleKey(),
      factsFile: join(directory, "facts", "a"),
    },
  };
}

/** A context whose stores fail as planned, and what it was told. */
function context(planned?: PlannedFailure): {
  readonly context: OperationContext;
  readonly log: CallLog;
  readonly completing: CompletingArchive[];
} {
  const log = new CallLog(planned);
  const completing: CompletingArchive[] = [];
  return {
    log,
    completing,
    context: {
      signal: new AbortController().signal,
      openStore: (settings) => new FailingStore(openStore(settings), log),
      progress: () => undefined,
      leftover: () => Promise.resolve(),
      gone: () => undefined,
      completing: (archive) => {
        completing.push(archive);
        return Promise.resolve();
      },
    },
  };
}

/** Runs `attempt` with the first call of each kind failing, then the second, until one is so late that nothing fails. */
async function eachCall(
  t: Test,
  calls: readonly StoreCall[],
  attempt: (t: Test, planned: PlannedFailure) => Promise<{ readonly failed: boolean }>,
): Promise<void> {
  for (const call of calls) {
    await t.test(call, async (t) => {
      let failed = true;
      let nth = 0;
      while (failed) {
        nth++;
        ({ failed } = await attempt(t, { call, nth }));
      }
      t.ok(nth > 1, `${nth - 1} calls of ${call} were let fail`);
    });
  }
}

t.test(
  "a backup whose store fails at any call leaves nothing, or an archive that is announced and good",
  async (t) => {
    await eachCall(t, ["create", "onLeftover", "write", "complete", "readTail"], async (t, planned) => {
      const { backup, root, settings } = bench(t);
      const { context: faulty, log, completing } = context(planned);
      const { context: good } = context();
      const outcome = await operations.backup(backup, faulty).catch((error: unknown) => error);
      const left = readdirSync(root, { recursive: true, encoding: "utf8" });
      if (!(outcome instanceof BackupError)) {
        t.notOk(outcome instanceof Error, String(outcome));
        t.same(left.sort(), ["deep", "deep/a.tar.zst"]);
        t.same(log.givenUp, []);
        return log;
      }
      t.equal(outcome.code, "STORE_FAILED");
      t.ok(outcome.hint, "the error says what to do");
      const begun = planned.call !== "create" && planned.call !== "onLeftover";
      t.same(log.givenUp, begun ? ["abort"] : [], "an upload that was begun is given up");
      t.same(readdirSync(backup.temporaryDirectory), [], "no copy of a database stays");
      if (left.length > 0) {
        const [archive] = completing;
        const { size = 0, indexSha256 = "", mark } = archive ?? {};
        const settled = await operations.settle(
          { store: settings, key: backup.key, mark, size, indexSha256, limits: DEFAULT_LIMITS },
          good,
        );
        t.equal(settled.found, "archive", "what stays was announced, and is found to be good");
      }
      return log;
    });
  },
);

t.test("a restore whose store fails at any call says so, or is whole", async (t) => {
  const { backup, settings, files } = bench(t);
  const { context: good } = context();
  await operations.backup(backup, good);
  await eachCall(t, ["head", "readTail", "read", "chunk"], async (t, planned) => {
    const into = t.testdir({});
    const extract: ExtractOperation = {
      store: settings,
      key: backup.key,
      into,
      fileSystem: into,
      as: undefined,
      limits: DEFAULT_LIMITS,
      signatures: undefined,
      quotaBytes: undefined,
    };
    const { context: faulty, log } = context(planned);
    const outcome = await operations.extract(extract, faulty).catch((error: unknown) => error);
    if (outcome instanceof BackupError) {
      t.equal(outcome.code, "STORE_FAILED");
      return log;
    }
    t.notOk(outcome instanceof Error, String(outcome));
    for (const [path, content] of files) t.ok(content.equals(readFileSync(join(into, path))), path);
    return log;
  });
});
