/** An archive written with a base, against the same written without one. In memory, through the real threads. */
import { randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "../format.js";
import { openIndex } from "../open.js";
import { keyIdOf } from "../signature.js";
import { sampleKey } from "../testing/archive-builder.js";
import { extractInProcess } from "../testing/extract-in-process.js";
import { memorySource } from "../testing/memory-source.js";
import { stagingDirectory } from "../testing/staging.js";
import { readTree } from "../testing/tree.js";
import { baseOf, writeToMemory, type WrittenArchive } from "../testing/write-to-memory.js";
import type { WriteRequest } from "../writer.js";

/** Of a file that is altered so that its time does not show it. */
const OLD_SECONDS = 1_700_000_000;

const MIB = 1024 * 1024;

/** About 19 MiB that do not compress: two packs, two large files, a database, links. */
function makeTenant(t: Test): string {
  const directory = t.testdir({});
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), content);
  };
  write("tenant.json", '{"id":"acme"}');
  for (let i = 0; i < 12; i++)
    write(`sessions/${String(i).padStart(2, "0")}.jsonl`, randomBytes(MIB / 2 - 3));
  utimesSync(join(directory, "sessions/07.jsonl"), OLD_SECONDS, OLD_SECONDS);
  write("media/film.bin", randomBytes(9 * MIB + 5));
  write("media/song.bin", randomBytes(MIB + 700));
  write("workspace/notes.md", "notes");
  write("workspace/empty", "");
  symlinkSync("notes.md", join(directory, "workspace/link"));
  const database = new Database(join(directory, "memory.sqlite"));
  database.exec("CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(3000000))").close();
  return directory;
}

interface Taken {
  readonly archive: WrittenArchive;
  /** Stored bytes that are not copied from the base. */
  readonly fresh: number;
}

async function writeOn(
  base: WrittenArchive,
  directory: string,
  { rehash = false, ...changes }: Partial<WriteRequest> & { rehash?: boolean } = {},
): Promise<Taken> {
  const known = await baseOf(base, rehash ? new Uint8Array(0) : base.summary.states);
  const archive = await writeToMemory(directory, { ...changes, base: known }, base.bytes);
  const taken = archive.summary.takenOver.reduce((sum, { stored }) => sum + stored, 0);
  return { archive, fresh: archive.bytes.length - taken };
}

/** It restores to what the tenant is, by our reader and by GNU tar, which also lists every entry once. */
async function isWhole(t: Test, { bytes, entries }: WrittenArchive, directory: string): Promise<void> {
  const restored = stagingDirectory(t);
  await extractInProcess(bytes, restored);
  const expected = readTree(directory);
  const found = readTree(restored);
  t.strictSame(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [path, { mtimeNs, ...entry }] of Object.entries(expected)) {
    const { mtimeNs: foundNs, ...foundEntry } = found[path] ?? { mtimeNs: 0n };
    // The copy that SQLite makes of a database is not the same, byte for byte.
    if (!path.endsWith(".sqlite")) t.strictSame(foundEntry, entry, path);
    t.ok(mtimeNs - foundNs < 2000n && foundNs - mtimeNs < 2000n, "times to the microsecond");
  }
  const file = join(stagingDirectory(t), "a.tar.zst");
  writeFileSync(file, bytes);
  const listed = execFileSync("tar", ["--zstd", "-tf", file]).toString().trimEnd().split("\n");
  t.strictSame(listed.map((path) => path.replace(/\/$/, "")).sort(), entries.map(({ path }) => path).sort());
}

t.test("an unchanged tenant gives the same segments, and hardly a byte is new", async (t) => {
  const directory = makeTenant(t);
  const first = await writeToMemory(directory);
  const { archive, fresh } = await writeOn(first, directory);
  t.strictSame(archive.segments, first.segments);
  t.strictSame(archive.entries, first.entries);
  t.ok(fresh < 20_000, `${fresh} fresh bytes`);
  t.equal(archive.summary.databases, 1);
  await isWhole(t, archive, directory);
});

t.test("a signed archive is a base like any other, and what is built on it is signed anew", async (t) => {
  const directory = makeTenant(t);
  const first = await writeToMemory(directory, { signingKey: sampleKey() });
  appendFileSync(join(directory, "workspace/notes.md"), "more");
  const { archive, fresh } = await writeOn(first, directory, { signingKey: sampleKey(1) });
  t.ok(fresh < 8.1 * MIB, `${fresh} fresh bytes`);
  const index = await openIndex(memorySource(archive.bytes), archive.bytes, DEFAULT_LIMITS);
  t.equal(index?.signedBy, keyIdOf(sampleKey(1)));
  await isWhole(t, archive, directory);
});

interface Day {
  readonly what: string;
  readonly change: (directory: string) => void;
  /** The most stored bytes that are not copied, in MiB. */
  readonly atMost: number;
}

const days: readonly Day[] = [
  {
    what: "a large file renamed, and the mode of a directory",
    change: (d) => {
      renameSync(join(d, "media/film.bin"), join(d, "media/g.bin"));
      chmodSync(join(d, "sessions"), 0o700);
    },
    // Runs of less than 5 MiB are sent again.
    atMost: 5.1,
  },
  {
    what: "files appended to, deleted, renamed, and with another mode",
    change: (d) => {
      appendFileSync(join(d, "sessions/03.jsonl"), "more");
      rmSync(join(d, "sessions/04.jsonl"));
      renameSync(join(d, "sessions/05.jsonl"), join(d, "sessions/99.jsonl"));
      chmodSync(join(d, "sessions/06.jsonl"), 0o600);
    },
    atMost: 8.1,
  },
  {
    what: "a large file changed in its middle, of another only the time, and a new row in a database",
    change: (d) => {
      changeMiddle(d);
      utimesSync(join(d, "media/song.bin"), 1, 1);
      new Database(join(d, "memory.sqlite")).exec("INSERT INTO t VALUES (1)").close();
    },
    atMost: 13.1,
  },
  {
    what: "the same size and time but other content, a link that leads elsewhere, a file in a directory's place",
    change: (d) => {
      forge(d);
      relink(d);
      replaceDirectory(d);
    },
    atMost: 9.1,
  },
];

function replaceDirectory(directory: string): void {
  rmSync(join(directory, "media"), { recursive: true });
  writeFileSync(join(directory, "media"), "a file");
}

function changeMiddle(directory: string): void {
  const file = join(directory, "media/g.bin");
  const content = readFileSync(file);
  content[5 * MIB] = (content[5 * MIB] ?? 0) ^ 1;
  writeFileSync(file, content);
}

function relink(directory: string): void {
  rmSync(join(directory, "workspace/link"));
  symlinkSync("empty", join(directory, "workspace/link"));
}

function forge(directory: string): void {
  const file = join(directory, "sessions/07.jsonl");
  const content = readFileSync(file);
  content[5] = (content[5] ?? 0) ^ 1;
  writeFileSync(file, content);
  utimesSync(file, OLD_SECONDS, OLD_SECONDS);
}

t.test("day after day, what has not changed is taken over, and the tenant is whole", async (t) => {
  const directory = makeTenant(t);
  let base = await writeToMemory(directory);
  for (const { what, change, atMost } of days) {
    change(directory);
    const { archive, fresh } = await writeOn(base, directory);
    t.ok(fresh < atMost * MIB, `${what}: ${fresh} fresh bytes`);
    await isWhole(t, archive, directory);
    base = archive;
  }
  const { archive, fresh } = await writeOn(base, directory);
  t.strictSame(archive.segments, base.segments, "an unchanged tenant gives the same segments");
  t.ok(fresh < 20_000, `${fresh} fresh bytes`);
});
