/** Files that change at the very moment between two steps of the reader: between the making of room and the reading. */
import { appendFileSync, closeSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { openRootDirectory } from "./confined.js";
import { FileContents } from "./file-contents.js";
import { FactsRecorder } from "./base/facts.js";
import { DEFAULT_LIMITS, LARGE_FILE_BYTES, SEGMENT_BYTES } from "./format.js";
import type { ArchiveWarning, EntryRecord } from "./format.js";
import { holdFile, type HeldFile } from "./opened-file.js";
import { EntryPolicy } from "./policy.js";
import { rawPath } from "./raw-path.js";
import { Segmenter } from "./segmenter.js";
import type { TarEntry } from "./tar-header.js";
import { segmentEntries } from "./testing/segment-entries.js";
import { Warnings } from "./warnings.js";
import { aroundCalls, systemError } from "../test-support/system-calls.js";

/** Runs something each time before a small file is read. */
class MeddledSegmenter extends Segmenter {
  meddle: (attempt: number) => void = () => undefined;
  attempts = 0;

  override async room(entry: TarEntry): Promise<Uint8Array<SharedArrayBuffer>> {
    const room = await super.room(entry);
    this.meddle(++this.attempts);
    return room;
  }
}

interface Archived {
  readonly entries: readonly EntryRecord[];
  readonly warnings: readonly ArchiveWarning[];
  readonly attempts: number;
}

interface Place {
  readonly segmenter: MeddledSegmenter;
  readonly contents: FileContents;
  readonly warnings: Warnings;
  readonly entries: readonly EntryRecord[];
  /** The file `f`. */
  readonly file: HeldFile;
  readonly entry: TarEntry;
  readonly path: string;
}

/** A directory with the file `f`, held and ready to be archived. */
function place(t: Test, content: string | Buffer, allowUnreadable = false): Place {
  const directory = t.testdir({ f: content });
  const entries: EntryRecord[] = [];
  const policy = new EntryPolicy({
    root: rawPath("tenants/acme"),
    limits: DEFAULT_LIMITS,
    subject: "Tenant acme",
  });
  const segmenter = new MeddledSegmenter(
    {
      takeBuffer: () => Promise.resolve(new Uint8Array(new SharedArrayBuffer(SEGMENT_BYTES))),
      emit: (segment) => void entries.push(...segmentEntries(segment)),
    },
    { policy, facts: new FactsRecorder(), firstSegment: 0 },
  );
  const warnings = new Warnings("Tenant acme", allowUnreadable);
  const root = openRootDirectory(directory);
  const file = holdFile(root, rawPath("f"));
  if (file === undefined) throw new Error("The file is not there.");
  t.teardown(() => {
    closeSync(file.handle);
    closeSync(root);
  });
  return {
    segmenter,
    contents: new FileContents(segmenter, warnings),
    warnings,
    entries,
    file,
    entry: {
      path: rawPath("tenants/acme/f"),
      type: "file",
      mode: 0o600,
      size: Number(file.stats.size),
      mtimeNs: file.stats.mtimeNs,
    },
    path: join(directory, "f"),
  };
}

/** Archives the file `f` of a directory, which `meddle` changes before each attempt to read it. */
async function archive(
  t: Test,
  content: string | Buffer,
  meddle: (file: string, attempt: number) => void,
  allowUnreadable = false,
): Promise<Archived> {
  const { segmenter, contents, warnings, entries, file, entry, path } = place(t, content, allowUnreadable);
  segmenter.meddle = (attempt) => meddle(path, attempt);
  await contents.add(rawPath("f"), file, entry, undefined);
  segmenter.flush();
  return { entries, warnings: warnings.list(), attempts: segmenter.attempts };
}

t.test("a small file that is written to in place is read again until it holds still", async (t) => {
  const result = await archive(t, "aaaa", (file, attempt) => {
    if (attempt < 3) writeFileSync(file, "b".repeat(4 - attempt));
  });
  t.match(result.entries, [{ size: 2, flags: [] }]);
  t.strictSame(result.warnings, []);
  t.equal(result.attempts, 3);
});

t.test(
  "one that never holds still is archived as it was last seen, flagged and reported by name",
  async (t) => {
    const result = await archive(t, "x".repeat(100), (file, attempt) => {
      truncateSync(file, 100 - 10 * attempt);
    });
    t.match(result.entries, [{ size: 70, flags: ["changed"] }]);
    t.match(result.warnings, [{ code: "FILE_CHANGED", path: "f" }]);
    t.equal(result.attempts, 3);
  },
);

t.test("a small file that shrinks to nothing is archived empty", async (t) => {
  const result = await archive(t, "content", (file, attempt) => {
    if (attempt === 1) truncateSync(file, 0);
  });
  t.match(result.entries, [{ size: 0, flags: [] }]);
  t.strictSame(result.warnings, []);
});

t.test(
  "a file to which is appended is not read again: what was there still stands at its beginning",
  async (t) => {
    const result = await archive(t, "line 1\n", (file) => {
      appendFileSync(file, "line 2\n");
    });
    t.match(result.entries, [{ size: 7, flags: [] }]);
    t.strictSame(result.warnings, []);
    t.equal(result.attempts, 1);
  },
);

t.test("a small file that shrinks and then becomes a large one is read in pieces", async (t) => {
  let shrunk: string | undefined;
  aroundCalls(t, "fstatSync", (stat, ...args) => {
    if (shrunk !== undefined) writeFileSync(shrunk, Buffer.alloc(LARGE_FILE_BYTES + 1, "y"));
    shrunk = undefined;
    return stat(...args);
  });
  const result = await archive(t, "x".repeat(100), (file) => {
    truncateSync(file, 10);
    shrunk = file;
  });
  t.match(result.entries, [{ size: LARGE_FILE_BYTES + 1, flags: [] }]);
  t.strictSame(result.warnings, []);
});

t.test("a disk that cannot give a file fails the backup by its name, or leaves the file out", async (t) => {
  aroundCalls(t, "readSync", () => {
    throw systemError("EIO", "read");
  });
  for (const content of ["small", Buffer.alloc(LARGE_FILE_BYTES)]) {
    await t.rejects(
      archive(t, content, () => undefined),
      {
        code: "FILE_UNREADABLE",
        message: "Tenant acme: file f cannot be read: EIO: i/o error.",
      },
    );
    const result = await archive(t, content, () => undefined, true);
    t.strictSame(result.entries, []);
    t.match(result.warnings, [{ code: "FILE_UNREADABLE", path: "f" }]);
  }
});

t.test("a large file that the disk gives only in part has zeros in place of the rest", async (t) => {
  const first = SEGMENT_BYTES / 2;
  aroundCalls(t, "readSync", (read, ...args) => {
    const position = Number(args[4]);
    if (position >= first && position < first + SEGMENT_BYTES) throw systemError("EIO", "read");
    return read(...args);
  });
  const size = first + 2 * SEGMENT_BYTES;
  const result = await archive(t, Buffer.alloc(size, "x"), () => undefined, true);
  t.match(result.entries, [{ size, flags: ["truncated"] }]);
  t.match(result.warnings, [
    { code: "FILE_UNREADABLE", path: "f" },
    { code: "FILE_TRUNCATED", path: "f" },
  ]);
});

t.test("a small file that cannot be opened is not added at once, and not reported yet", async (t) => {
  const { segmenter, contents, warnings, entries, file, entry } = place(t, "content");
  await segmenter.room(entry);
  aroundCalls(t, "openSync", () => {
    throw systemError("EIO", "open");
  });
  t.equal(contents.addAtOnce(rawPath("f"), file, entry, undefined), false);
  segmenter.flush();
  t.strictSame(entries, []);
  t.strictSame(warnings.list(), []);
});

t.test("what no system says is no reason to read a file again", async (t) => {
  const { segmenter, contents, file, entry } = place(t, "content");
  await segmenter.room(entry);
  aroundCalls(t, "readSync", () => {
    throw new TypeError("a fault of the program");
  });
  t.throws(() => contents.addAtOnce(rawPath("f"), file, entry, undefined), {
    message: /fault of the program/,
  });
});
