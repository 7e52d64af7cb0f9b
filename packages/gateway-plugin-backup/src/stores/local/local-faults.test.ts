import {
  closeSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { BackupErrorCode } from "../../errors.js";
import { LeftoverNotes, readAll, rejectsWith, storeArchive, testBytes } from "../conformance.js";
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
