/** Writing an archive on top of another, straight on a store whose base or copies turn out to be wrong. */
import { randomBytes } from "node:crypto";
import { appendFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import { LocalStore } from "../../stores/local/local-store.js";
import type { Store } from "../../stores/store.js";
import { backupOperation } from "../../test-support/backup-operation.js";
import { openBase } from "./open-base.js";
import type { OperationContext } from "./operation-context.js";
import type { BaseObject, CompletingArchive } from "./protocol.js";
import { storeArchive } from "./store-archive.js";

const MIB = 1024 * 1024;

async function setUp(t: Test) {
  const directory = t.testdir({ tenant: { "tenant.json": "{}" }, store: {} });
  writeFileSync(join(directory, "tenant", "large"), randomBytes(6 * MIB + 1));
  const settings = { kind: "local", roots: [directory] } as const;
  const key = (name: string): string => join(directory, "store", name);
  const store = new LocalStore(settings);
  const completing: CompletingArchive[] = [];
  const contextOf = (used: Store = store): OperationContext => ({
    signal: new AbortController().signal,
    openStore: () => used,
    progress: () => undefined,
    leftover: () => Promise.resolve(),
    gone: () => undefined,
    completing: (archive) => Promise.resolve(void completing.push(archive)),
  });
  const write = (name: string, base?: BaseObject, used?: Store, overwrite = false) => {
    const asked = { store: settings, key: key(name), overwrite, ...(base === undefined ? {} : { base }) };
    return storeArchive(backupOperation(directory, asked), contextOf(used));
  };
  const first = await write("first");
  const { size, etag } = first.object;
  const base = { key: key("first"), size, etag, indexSha256: first.indexSha256 };
  const { limits } = backupOperation(directory, { store: settings, key: "", overwrite: false });
  const open = (changes: Partial<BaseObject> = {}, signal = new AbortController().signal) =>
    openBase(store, { ...base, ...changes }, { limits, signal });
  return { directory, store, key, write, base, open, limits };
}

/** A store that gives back altered what is read of one key by range; the tail is as it is. */
class AlteringStore extends LocalStore {
  altered: string | undefined;
  meanwhile: (() => void) | undefined;
  override async *read(...args: Parameters<LocalStore["read"]>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of super.read(...args)) {
      if (args[0] === this.altered) chunk[chunk.length >> 1] = (chunk[chunk.length >> 1] ?? 0) ^ 1;
      yield chunk;
    }
    if (args[0] === this.altered) this.meanwhile?.();
  }
}

t.test("what was copied is read back, and an archive in which it is wrong does not stay", async (t) => {
  const { directory, key, write, base, store } = await setUp(t);
  t.match(await write("good", base), { mode: "incremental" });
  const altering = new AlteringStore({ kind: "local", roots: [directory] });
  altering.altered = key("second");
  await t.rejects(write("second", base, altering), {
    code: "BASE_UNUSABLE",
    details: { removed: true, reason: /had copied was not/ },
  });
  t.equal(await store.head(key("second")), undefined);
});

t.test("an archive that is replaced while its copies are read back is the other writer's", async (t) => {
  const { directory, key, write, base } = await setUp(t);
  const altering = new AlteringStore({ kind: "local", roots: [directory] });
  altering.altered = key("second");
  altering.meanwhile = () => writeFileSync(key("second"), "another's");
  await t.rejects(write("second", base, altering), { code: "STORE_FAILED" });
  t.equal(statSync(key("second")).size, 9);
});

t.test("a base that is not what the ledger says is not used", async (t) => {
  const { write, base, open, directory, limits, store } = await setUp(t);
  const reasonOf = async (opening: Promise<unknown>, reason: string): Promise<void> => {
    await t.rejects(opening, { code: "BASE_UNUSABLE", details: { reason } });
  };
  await reasonOf(open({ indexSha256: "0".repeat(64) }), "the base is not what it was");
  await reasonOf(open({ etag: "other" }), "the base is not what it was");
  await reasonOf(open({ key: `${base.key}-not` }), "the base is gone");
  const { signal } = new AbortController();
  await reasonOf(
    openBase(store, base, { limits: { ...limits, entries: 1 }, signal }),
    "the base cannot be read",
  );
  const stopped = AbortSignal.abort(new BackupError("JOB_CANCELLED", "Stop."));
  const aborting = Object.assign(Object.create(store) as LocalStore, {
    readTail: () => Promise.reject(new BackupError("JOB_CANCELLED", "Stop.")),
  });
  await t.rejects(openBase(aborting, base, { limits, signal: stopped }), { code: "JOB_CANCELLED" });
  appendFileSync(base.key, "x");
  await reasonOf(write("second", base), "the base is not what it was");
  t.strictSame(statSync(join(directory, "store")).isDirectory(), true);
});

t.test("a base that changes after it was opened is noticed", async (t) => {
  const { base, open } = await setUp(t);
  const opened = await open();
  const read = async (): Promise<number> => {
    let bytes = 0;
    for await (const chunk of opened.copy.fetch({ start: 10, end: 5 * MIB })) bytes += chunk.length;
    return bytes;
  };
  t.equal(await read(), 5 * MIB - 10);
  await opened.check();
  appendFileSync(base.key, "x");
  await t.rejects(read(), { code: "BASE_UNUSABLE" });
  await t.rejects(opened.check(), {
    code: "BASE_UNUSABLE",
    details: { reason: "the base is not what it was" },
  });
  rmSync(base.key);
  await t.rejects(opened.check(), { code: "BASE_UNUSABLE", details: { reason: "the base is gone" } });
});

t.test("what is known of the base's files is used where it is whole", async (t) => {
  const { base, open, directory } = await setUp(t);
  const factsFile = join(directory, "facts", join(directory, "store", "first"));
  t.equal((await open()).write.states, undefined);
  t.ok((await open({ factsFile })).write.states);
  appendFileSync(factsFile, "x");
  t.equal((await open({ factsFile })).write.states, undefined);
  t.equal((await open({ factsFile: `${factsFile}-not` })).write.states, undefined);
  t.ok(base);
});
