/** What a generated tenant does between two backups, so that each kind of change occurs. */
import Database from "better-sqlite3";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Noise } from "./seeded.js";

/** Paths are relative to the tenant's directory. */
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/**
 * Appends to a session, edits, adds, renames and removes files of the workspace, and adds a row to a database. Another
 * `day` adds other files.
 */
export function changeGeneratedTenant(directory: string, day: number): Changes {
  const sessions = filesIn(directory, "sessions");
  const [session = ""] = sessions;
  const [edited = "", renamed = "", removed = "", reworked = ""] = filesIn(directory, "workspace/projects");
  appendFileSync(join(directory, session), `{"day":${day}}\n`);
  writeFileSync(join(directory, edited), `edited on day ${day}\n`);
  const elsewhere = `${renamed}.day-${day}`;
  renameSync(join(directory, renamed), join(directory, elsewhere));
  rmSync(join(directory, removed));
  chmodSync(join(directory, reworked), 0o600);
  const fresh = `workspace/inbox/day-${day}.bin`;
  mkdirSync(join(directory, "workspace/inbox"), { recursive: true });
  writeFileSync(join(directory, fresh), new Noise(day).read(200_000));
  const database = new Database(join(directory, "memory/main.sqlite"));
  database.prepare("INSERT INTO chunks (source, text, embedding) VALUES (?, ?, ?)").run("day", "text", "e");
  database.close();
  return {
    added: [fresh, elsewhere],
    removed: [renamed, removed],
    changed: [session, edited, reworked, "memory/main.sqlite"],
  };
}

function filesIn(directory: string, folder: string): string[] {
  return readdirSync(join(directory, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
    .sort();
}
