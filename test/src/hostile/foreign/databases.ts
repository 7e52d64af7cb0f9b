/** Files that do no harm until a program opens the database beside them. */
import type { HostileCase } from "../case.js";
import { directory, file, hardlink, root, unsafe } from "./build.js";

const ORIGIN = "idea: SQLite deletes the file that a journal names, when it rolls that journal back";
const RULE = "super-journal";
const JOURNAL_MAGIC = Buffer.from("d9d505f920a163d7", "hex");

/** A journal whose end names `path`: https://www.sqlite.org/fileformat.html, section 3. */
export function superJournal(path: string): Buffer {
  const name = Buffer.from(path);
  const end = Buffer.alloc(12);
  end.writeUInt32BE(1, 0);
  end.writeUInt32BE(name.length, 4);
  end.writeUInt32BE(
    name.reduce((sum, byte) => (sum + byte) >>> 0, 0),
    8,
  );
  const page = end.subarray(0, 4);
  return Buffer.concat([JOURNAL_MAGIC, Buffer.alloc(504), page, name, end.subarray(4), JOURNAL_MAGIC]);
}

export const databaseCases: readonly HostileCase[] = [
  unsafe(
    "super-journal",
    "a journal that has SQLite delete a file",
    ORIGIN,
    [RULE, "memory/m.sqlite-journal"],
    (outside) => [
      directory("memory"),
      file("memory/m.sqlite", Buffer.alloc(4096)),
      file("memory/m.sqlite-journal", superJournal(`${outside}/victim`)),
    ],
  ),
  unsafe(
    "super-journal-by-hard-link",
    "the same under another name, and a hard link to it",
    ORIGIN,
    [RULE, "memory/m.sqlite-journal"],
    (outside) => [
      directory("memory"),
      file("memory/notes.bin", superJournal(`${outside}/victim`)),
      hardlink("memory/again.bin", `${root}/memory/notes.bin`),
      hardlink("memory/m.sqlite-journal", `${root}/memory/again.bin`),
    ],
  ),
];
