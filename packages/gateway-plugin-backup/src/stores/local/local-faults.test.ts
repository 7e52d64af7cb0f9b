import {
  closeSync,
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import t, { type Test } from "tap";
import type { BackupErrorCode } from "../../errors.js";
import { LeftoverNotes, readAll, rejectsWith, storeArchive, testBytes } from "../conformance.js";
import { EARLY_SYNC_BYTES } from "./early-sync.js";
import type { FileCalls } from "./file-upload.js";
import { LocalStore } from "./local-store.js";

/** What a disk can say, and how that reads. */
const FAULTS: Readonly<Record<string, { readonly code: BackupErrorCode; readonly words: RegExp }>> = {
  EIO: { code: "IO_FAILED", words: /the system says EIO/ },
  ENOSPC: { code: "DISK_FULL", words: /no space is left/ },
  EDQUOT: { code: "DISK_FULL", words: /quota is used up/ },
  EFBIG: { code: "DISK_FULL", words: /no file so large/ },
  EROFS: { code: "READ_ONLY", words: /read-only/ },
};

function failing(errno: string): never {
  throw Object.assign(new Error("the call failed"), { code: errno });
}

/** Calls of which one fails; a file that is closed in vain is closed all the same, as close(2) does. */
function callsWith(failed: keyof FileCalls, errno: string): Partial<FileCalls> {
  if (failed !== "close") return { [failed]: () => failing(errno) };
  return {
    close: (fd) => {
      closeSync(fd);
      failing(errno);
    },
  };
}

function temporary(t: Test): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-local-faults-")));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

for (const failed of ["write", "fsync", "link", "rename", "close"] as const) {
  for (const [errno, { code, words }] of Object.entries(FAULTS)) {
    t.test(`${errno} of ${failed} is named, and leaves nothing`, async (t) => {
      const root = temporary(t);
      const it = new LocalStore({ kind: "local", roots: [root] }, callsWith(failed, errno));
      const key = join(root, "acme", "archive");
      const noted = new LeftoverNotes();
      // Only an overwriting upload renames.
      const upload = await it.create(key, { overwrite: failed === "rename", ...noted.options });
      const error = await rejectsWith(
        t,
        upload.write(testBytes(100_000)).then(() => upload.complete()),
        code,
      );
      t.match(error.message, words);
      t.match(error.message, key);
      await upload.abort();
      t.strictSame(readdirSync(root), []);
      for (const leftover of noted.leftovers) await it.discard(leftover);
    });
  }
}

for (const [errno, { code, words }] of Object.entries(FAULTS)) {
  t.test(`${errno} while a large archive is brought to the disk as it grows ends the upload`, async (t) => {
    const root = temporary(t);
    const datasync = (): Promise<void> => Promise.reject(Object.assign(new Error("failed"), { code: errno }));
    const it = new LocalStore({ kind: "local", roots: [root] }, { datasync });
    const key = join(root, "archive");
    for (const writesOn of [true, false]) {
      const upload = await it.create(key, { overwrite: false, ...new LeftoverNotes().options });
      await upload.write(Buffer.alloc(EARLY_SYNC_BYTES));
      const next = writesOn ? upload.write(testBytes(10)) : upload.complete();
      t.match((await rejectsWith(t, next, code)).message, words);
      await upload.abort();
      t.strictSame(readdirSync(root), []);
    }
  });
}

t.test("a file is not closed while its bytes are on their way to the disk", async (t) => {
  for (const end of ["complete", "abort"] as const) {
    const root = temporary(t);
    const calls: string[] = [];
    let reached = (): void => undefined;
    const it = new LocalStore(
      { kind: "local", roots: [root] },
      {
        datasync: () => {
          calls.push("datasync");
          return new Promise((resolve) => (reached = resolve));
        },
        close: (fd) => {
          calls.push("close");
          closeSync(fd);
        },
      },
    );
    const upload = await it.create(join(root, "archive"), {
      overwrite: false,
      ...new LeftoverNotes().options,
    });
    await upload.write(Buffer.alloc(EARLY_SYNC_BYTES));
    await upload.write(Buffer.alloc(EARLY_SYNC_BYTES));
    const ended = upload[end]();
    await setImmediate();
    await setImmediate();
    t.strictSame(calls, ["datasync"], "one at a time");
    reached();
    await ended;
    t.strictSame(calls, ["datasync", "close"]);
  }
});

t.test("an archive that is to be overwritten stays when the new one cannot be written", async (t) => {
  for (const failed of ["write", "fsync", "rename"] as const) {
    const root = temporary(t);
    const key = join(root, "archive");
    writeFileSync(key, "the old one");
    const it = new LocalStore({ kind: "local", roots: [root] }, callsWith(failed, "ENOSPC"));
    const upload = await it.create(key, { overwrite: true, ...new LeftoverNotes().options });
    await rejectsWith(
      t,
      upload.write(testBytes(100_000)).then(() => upload.complete()),
      "DISK_FULL",
    );
    await upload.abort();
    t.equal(readFileSync(key, "utf8"), "the old one");
    t.strictSame(readdirSync(root), ["archive"]);
  }
});

t.test("writes that take a part of the bytes only are carried on", async (t) => {
  const root = temporary(t);
  const write = (fd: number, chunk: Uint8Array, offset: number): number =>
    writeSync(fd, chunk, offset, Math.min(4099, chunk.length - offset));
  const it = new LocalStore({ kind: "local", roots: [root] }, { write });
  const key = join(root, "archive");
  t.equal((await storeArchive(it, key, testBytes(100_000))).size, 100_000);
  t.ok((await readAll(it, key)).equals(testBytes(100_000)));
});

t.test(
  "a directory that another job takes away before a file is in it is made again, not for ever",
  async (t) => {
    const root = temporary(t);
    const directory = join(root, "acme");
    let taken = 0;
    const takenAway = (times: number): Partial<FileCalls> => ({
      open: (path, flags, mode) => {
        if (taken < times) {
          taken++;
          rmSync(directory, { recursive: true });
        }
        return openSync(path, flags, mode);
      },
    });
    const settings = { kind: "local", roots: [root] } as const;
    const key = join(directory, "archive");
    await storeArchive(new LocalStore(settings, takenAway(2)), key, testBytes(10));
    t.equal(taken, 2);
    t.equal(readFileSync(key).length, 10);

    rmSync(directory, { recursive: true });
    taken = 0;
    await rejectsWith(
      t,
      storeArchive(new LocalStore(settings, takenAway(9)), key, testBytes(10)),
      "IO_FAILED",
    );
    t.equal(taken, 3);
    t.strictSame(readdirSync(root), []);
  },
);

t.test("an upload whose file cannot be closed is given up all the same", async (t) => {
  const root = temporary(t);
  const it = new LocalStore({ kind: "local", roots: [root] }, callsWith("close", "EIO"));
  const upload = await it.create(join(root, "acme", "archive"), {
    overwrite: false,
    ...new LeftoverNotes().options,
  });
  await upload.write(testBytes(10));
  await upload.abort();
  t.strictSame(readdirSync(root), []);
});

t.test("a file that another writer puts in the place of ours is not taken for ours, and stays", async (t) => {
  const root = temporary(t);
  const key = join(root, "archive");
  const replace = (): void => {
    writeFileSync(join(root, "theirs"), "theirs");
    renameSync(join(root, "theirs"), key);
  };
  const calls: Partial<FileCalls> = {
    link: (from, to) => {
      linkSync(from, to);
      replace();
    },
  };
  const it = new LocalStore({ kind: "local", roots: [root] }, calls);
  const upload = await it.create(key, { overwrite: false, ...new LeftoverNotes().options });
  await upload.write(testBytes(10));
  t.match((await rejectsWith(t, upload.complete(), "STORE_FAILED")).message, /Another writer has replaced/);
  await upload.abort();
  t.equal(readFileSync(key, "utf8"), "theirs");
  t.strictSame(readdirSync(root), ["archive"]);
});

t.test("a file that is shorter than what was written is not taken for stored", async (t) => {
  const root = temporary(t);
  const write = (fd: number, chunk: Uint8Array, offset: number): number =>
    writeSync(fd, chunk, offset, chunk.length - offset - 1) + 1;
  const it = new LocalStore({ kind: "local", roots: [root] }, { write });
  const upload = await it.create(join(root, "archive"), { overwrite: false, ...new LeftoverNotes().options });
  await upload.write(testBytes(10));
  const error = await rejectsWith(t, upload.complete(), "STORE_FAILED");
  t.match(error.message, /has 9 bytes on disk, but 10 were written/);
  await upload.abort();
  t.strictSame(readdirSync(root), []);
});

t.test("a failure that has no system error code is an error of the file all the same", async (t) => {
  const root = temporary(t);
  const fsync = (): never => {
    throw new Error("the call failed");
  };
  const it = new LocalStore({ kind: "local", roots: [root] }, { fsync });
  const error = await rejectsWith(t, storeArchive(it, join(root, "archive"), testBytes(10)), "IO_FAILED");
  t.match(error.message, /archive .*an unknown error/);
});

t.test("a disk that fails while an archive is read is named", async (t) => {
  // The kernel says EIO where a process has no memory: a regular file that opens, and whose bytes cannot be had.
  const it = new LocalStore({ kind: "local", roots: ["/proc"] });
  const reading = readAll(it, "/proc/self/mem", { range: { start: 0, end: 10 } });
  t.match(
    (await rejectsWith(t, reading, "IO_FAILED")).message,
    /read \/proc\/self\/mem .*: the system says EIO/,
  );
});
