/**
 * A look at the ledger of a gateway that is down, at a copy of it: SQLite writes beside, and a migration into, what it
 * opens. The caller holds the state lock, so nobody writes while the files are copied.
 */
import { constants } from "node:fs";
import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import Database from "better-sqlite3";
import { toBackupError } from "../errors.js";
import { Ledger } from "../jobs/ledger/ledger.js";

export type LedgerLook =
  | { readonly state: "missing" }
  | { readonly state: "good"; readonly open: () => Ledger }
  /** `damaged`: what it holds is not what was written. `unusable`: it may be good, and cannot be used here. */
  | { readonly state: "damaged" | "unusable"; readonly problem: string; readonly hint?: string };

export interface LedgerCopy {
  readonly look: LedgerLook;
  /** The copy; absent where there is none. */
  readonly file?: string;
  remove(): Promise<void>;
}

export async function copyLedger(file: string): Promise<LedgerCopy> {
  if (!(await exists(file))) return { look: { state: "missing" }, remove: () => Promise.resolve() };
  const directory = await mkdtemp(path.join(tmpdir(), "openclaw-doctor-"));
  const copy = path.join(directory, "ledger.sqlite");
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    await copyFile(file, copy, constants.COPYFILE_FICLONE);
    if (await exists(`${file}-wal`)) await copyFile(`${file}-wal`, `${copy}-wal`, constants.COPYFILE_FICLONE);
  } catch (error) {
    await remove();
    const { message: problem } = toBackupError(error, `copy the backup ledger ${file} to ${directory}`);
    return { look: { state: "unusable", problem }, remove: () => Promise.resolve() };
  }
  return { look: judge(copy), file: copy, remove };
}

function judge(copy: string): LedgerLook {
  const damage = damageOf(copy);
  if (damage !== undefined) return { state: "damaged", problem: damage };
  try {
    // Tries its migration, too.
    Ledger.open(copy).close();
  } catch (error) {
    const { message: problem, hint } = toBackupError(error, "open the backup ledger");
    return { state: "unusable", problem, ...(hint === undefined ? {} : { hint }) };
  }
  return { state: "good", open: () => Ledger.open(copy) };
}

/** What SQLite's own check finds first; undefined: nothing. */
export function damageOf(file: string): string | undefined {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { fileMustExist: true });
    const [first] = database.pragma("integrity_check(1)") as { readonly integrity_check: string }[];
    return first?.integrity_check === "ok" ? undefined : first?.integrity_check;
  } catch (error) {
    return (error as Error).message;
  } finally {
    database?.close();
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
