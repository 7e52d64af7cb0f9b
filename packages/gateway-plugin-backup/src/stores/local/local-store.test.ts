import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import { keysOf, readAll, rejectsWith, storeArchive, storeConformance, testBytes } from "../conformance.js";
import { openStore } from "../open.js";
import type { Leftover } from "../store.js";
import { LocalStore } from "./local-store.js";
import { mountTmpfs, withoutMount } from "../../test-support/mount.js";

/** tap's own fixture directory lies inside the project: a directory in the system's is nearer to real use. */
function temporary(t: Test): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-local-store-")));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const options = { overwrite: false, onLeftover: () => Promise.resolve() };

function hiddenFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.includes("openclaw"),
  );
}

await storeConformance(t, "local", (t) => {
  const root = temporary(t);
  const store = openStore({ kind: "local", roots: [root] });
  t.teardown(() => store.close());
  return Promise.resolve({
    store,
    key: (name) => `${root}/${name}`,
    traces: () => Promise.resolve(hiddenFiles(root)),
    guards: { small: "atomic", large: "atomic" },
  });
});

await storeConformance(t, "local, without hard links", (t) => {
  const root = temporary(t);
  const link = (): never => {
    throw Object.assign(new Error("link"), { code: "EPERM" });
  };
  return Promise.resolve({
    store: new LocalStore({ kind: "local", roots: [root] }, { link }),
    key: (name) => `${root}/${name}`,
    traces: () => Promise.resolve(hiddenFiles(root)),
    guards: { small: "checked", large: "checked" },
  });
});

t.test("archives and the directories made for them are for the gateway's user alone", async (t) => {
  const root = join(temporary(t), "not", "yet", "there");
  const it = openStore({ kind: "local", roots: [root] });
  await storeArchive(it, `${root}/acme/1.tar.zst`, testBytes(10));
  t.equal(statSync(`${root}/acme/1.tar.zst`).mode & 0o777, 0o600);
  t.equal(statSync(`${root}/acme/1.tar.zst`).nlink, 1);
  t.equal(statSync(`${root}/acme`).mode & 0o777, 0o700);
  t.equal(statSync(root).mode & 0o777, 0o700);
});

t.test("a path outside the roots is refused for every use", async (t) => {
  const directory = temporary(t);
  const root = join(directory, "root");
  mkdirSync(root);
  mkdirSync(join(directory, "root-beside"));
  writeFileSync(join(directory, "secret"), "secret");
  const it = openStore({ kind: "local", roots: [root] });
  for (const key of [join(directory, "secret"), join(directory, "root-beside", "a"), "/etc/openclaw-test"]) {
    await rejectsWith(t, it.create(key, options), "PATH_NOT_ALLOWED");
    await rejectsWith(t, it.head(key), "PATH_NOT_ALLOWED");
    await rejectsWith(t, readAll(it, key), "PATH_NOT_ALLOWED");
    await rejectsWith(t, it.readTail(key, 10), "PATH_NOT_ALLOWED");
    await rejectsWith(t, it.remove(key), "PATH_NOT_ALLOWED");
    const object = { key, size: 1, etag: "e", modifiedAt: new Date(0) };
    await rejectsWith(t, it.removeIfSame(object), "PATH_NOT_ALLOWED");
  }
  await rejectsWith(t, keysOf(it.list(directory)), "PATH_NOT_ALLOWED");
  const leftover: Leftover = {
    kind: "partial-file",
    path: join(directory, `.openclaw-${"0".repeat(32)}.partial`),
  };
  await rejectsWith(t, it.discard(leftover), "PATH_NOT_ALLOWED");
  t.equal(readFileSync(join(directory, "secret"), "utf8"), "secret");
});

t.test("links are followed as long as they stay under the roots", async (t) => {
  const directory = temporary(t);
  const root = join(directory, "root");
  mkdirSync(join(root, "real"), { recursive: true });
  mkdirSync(join(directory, "outside"));
  writeFileSync(join(directory, "outside", "archive"), "secret");
  symlinkSync("real", join(root, "inner"));
  symlinkSync(join(directory, "outside"), join(root, "escape"));
  symlinkSync(join(directory, "outside", "archive"), join(root, "latest"));
  symlinkSync(root, join(directory, "other-name-of-root"));
  const it = openStore({ kind: "local", roots: [join(directory, "other-name-of-root")] });

  await storeArchive(it, join(root, "inner", "archive"), testBytes(10));
  t.equal(statSync(join(root, "real", "archive")).size, 10);
  t.equal((await it.head(join(directory, "other-name-of-root", "inner", "archive")))?.size, 10);
  for (const key of [join(root, "escape", "archive"), join(root, "escape", "new", "archive")]) {
    await rejectsWith(t, it.create(key, { ...options, overwrite: true }), "PATH_NOT_ALLOWED");
    await rejectsWith(t, it.head(key), "PATH_NOT_ALLOWED");
  }
  await rejectsWith(t, readAll(it, join(root, "latest")), "PATH_NOT_ALLOWED");
  await storeArchive(it, join(root, "latest"), testBytes(20), { overwrite: true });
  t.equal(
    readFileSync(join(directory, "outside", "archive"), "utf8"),
    "secret",
    "the link itself was replaced",
  );
  t.strictSame(readdirSync(join(directory, "outside")), ["archive"]);
});

t.test("a key that is no path of a file is refused", async (t) => {
  const root = temporary(t);
  const it = openStore({ kind: "local", roots: [root] });
  for (const key of ["relative", `${root}/../x`, `${root}//x`, `${root}/x/`, `${root}/x\0y`, root]) {
    await rejectsWith(t, it.create(key, options), key === root ? "PATH_NOT_ALLOWED" : "LOCATION_INVALID");
  }
  mkdirSync(join(root, "directory"));
  writeFileSync(join(root, "file"), "");
  await rejectsWith(
    t,
    it.create(join(root, "directory"), { ...options, overwrite: true }),
    "LOCATION_INVALID",
  );
  await rejectsWith(t, it.head(join(root, "directory")), "LOCATION_INVALID");
  await rejectsWith(t, it.create(join(root, "file", "below"), options), "LOCATION_INVALID");
  await rejectsWith(t, it.head(join(root, "file", "below")), "LOCATION_INVALID");
  await rejectsWith(t, it.create(join(root, "n".repeat(300)), options), "LOCATION_INVALID");
  const unfinished = `.openclaw-${"0".repeat(32)}.partial`;
  await rejectsWith(t, it.create(join(root, unfinished), options), "LOCATION_INVALID");
  await rejectsWith(t, keysOf(it.list("relative")), "LOCATION_INVALID");
  await rejectsWith(t, keysOf(it.list("/relative-to-the-root-of-all")), "PATH_NOT_ALLOWED");
  symlinkSync("loop", join(root, "loop"));
  await rejectsWith(t, it.head(join(root, "loop")), "PATH_NOT_ALLOWED");
});

t.test("a local store finds nothing out about overwriting: the file system decides", async (t) => {
  const root = temporary(t);
  const it = openStore({ kind: "local", roots: [root] });
  t.equal((await storeArchive(it, join(root, "archive"), testBytes(10))).overwriteGuard, "atomic");
  t.strictSame(it.abilities(), {});
});

t.test("an upload that is suspended leaves nothing: it cannot be resumed", async (t) => {
  const root = temporary(t);
  const it = openStore({ kind: "local", roots: [root] });
  const upload = await it.create(join(root, "acme", "archive"), options);
  await upload.write(testBytes(10));
  await upload.suspend();
  t.strictSame(readdirSync(root), []);
});

t.test("an upload that fails takes the directories along that were made for it", async (t) => {
  const root = temporary(t);
  mkdirSync(join(root, "existing"));
  const it = openStore({ kind: "local", roots: [root] });
  const one = await it.create(join(root, "existing", "new", "er", "one"), options);
  const two = await it.create(join(root, "existing", "new", "two"), options);
  await one.abort();
  t.notOk(existsSync(join(root, "existing", "new", "er")));
  await two.write(testBytes(10));
  await two.complete();
  const three = await it.create(join(root, "three", "three"), options);
  await three.abort();
  t.strictSame(readdirSync(root, { recursive: true, encoding: "utf8" }).sort(), [
    "existing",
    "existing/new",
    "existing/new/two",
  ]);
});

t.test("only a file that is unfinished can be discarded", async (t) => {
  const root = temporary(t);
  const it = openStore({ kind: "local", roots: [root] });
  await storeArchive(it, join(root, "archive"), testBytes(10));
  await rejectsWith(t, it.discard({ kind: "partial-file", path: join(root, "archive") }), "REQUEST_INVALID");
  await rejectsWith(t, it.discard({ kind: "begun", key: join(root, "archive") }), "REQUEST_INVALID");
  t.equal((await it.head(join(root, "archive")))?.size, 10);
});

t.test("an archive that is written to while it is read is not taken for whole", async (t) => {
  const root = temporary(t);
  const it = openStore({ kind: "local", roots: [root] });
  const key = join(root, "archive");
  await storeArchive(it, key, testBytes(3_000_000));
  const reading = async (change: () => void): Promise<void> => {
    let first = true;
    for await (const chunk of it.read(key)) {
      if (first) change();
      first = chunk.length === 0;
    }
  };
  await rejectsWith(
    t,
    reading(() => writeFileSync(key, testBytes(2_000_000))),
    "STORE_FAILED",
  );
  await rejectsWith(
    t,
    reading(() => utimesSync(key, 1, 1)),
    "STORE_FAILED",
  );
  await storeArchive(it, key, testBytes(3_000_000), { overwrite: true });
  await reading(() => rmSync(key));
  t.equal(await it.head(key), undefined, "one that loses its name is read to its end");
});

t.test("a read or a list that is cancelled stops where it is", async (t) => {
  const root = temporary(t);
  const it = openStore({ kind: "local", roots: [root] });
  await storeArchive(it, join(root, "a"), testBytes(3_000_000));
  await storeArchive(it, join(root, "b", "c"), testBytes(1));
  const untilCancelled = async (use: (signal: AbortSignal) => AsyncIterable<unknown>): Promise<void> => {
    const cancel = new AbortController();
    const reason = new BackupError("JOB_CANCELLED", "Cancelled");
    for await (const one of use(cancel.signal)) cancel.abort(one === undefined ? undefined : reason);
  };
  await rejectsWith(
    t,
    untilCancelled((signal) => it.read(join(root, "a"), { signal })),
    "JOB_CANCELLED",
  );
  await rejectsWith(
    t,
    untilCancelled((signal) => it.list(`${root}/`, signal)),
    "JOB_CANCELLED",
  );
});

t.test("a full disk is named, and nothing is left on it", { skip: withoutMount() }, async (t) => {
  const root = mountTmpfs(t, "size=2m");
  const it = openStore({ kind: "local", roots: [root] });
  const upload = await it.create(join(root, "acme", "archive"), options);
  const error = await rejectsWith(t, upload.write(testBytes(4_000_000)), "DISK_FULL");
  t.match(error.message, `${root}/acme`);
  await upload.abort();
  t.strictSame(readdirSync(root), []);
});

t.test("a read-only file system is named", { skip: withoutMount() }, async (t) => {
  const root = mountTmpfs(t, "ro");
  const error = await rejectsWith(
    t,
    openStore({ kind: "local", roots: [root] }).create(join(root, "acme", "archive"), options),
    "READ_ONLY",
  );
  t.match(error.message, root);
});
