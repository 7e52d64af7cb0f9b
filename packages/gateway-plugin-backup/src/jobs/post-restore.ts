/**
 * The checklist after a restore of the whole gateway. The restore, which runs while the gateway is down, leaves it pending in
 * `backup/post-restore.json`; the next start goes through it, and it stays until an admin has taken note of it.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ChecklistItem, PluginHost } from "@openclaw/gateway-core";
import { type Static, Type, Value } from "@openclaw/schema";
import { BackupError, toBackupError } from "../errors.js";
import { messageOf, systemCode } from "../system-error.js";
import { checkUp } from "./checklist.js";
import type { JobThreads } from "./thread/pool.js";

const ItemSchema = Type.Object({
  name: Type.String(),
  ok: Type.Boolean(),
  message: Type.String(),
  fix: Type.Optional(Type.String()),
});

/** Times are RFC 3339. */
export const PostRestoreSchema = Type.Object({
  job: Type.String({ description: "The restore's id." }),
  from: Type.String({ description: "What was restored." }),
  createdAt: Type.Optional(Type.String({ description: "When that was made; absent: nobody knows." })),
  restoredAt: Type.String(),
  expected: Type.Object(
    {
      tenants: Type.Integer(),
      files: Type.Integer(),
      bytes: Type.Integer({ description: "Of the files' content." }),
    },
    { description: "What its indexes say." },
  ),
  checkedAt: Type.Optional(Type.String({ description: "Absent: it was not gone through yet." })),
  items: Type.Optional(Type.Array(ItemSchema)),
});

export type PostRestoreNote = Static<typeof PostRestoreSchema>;

/** What no archive of a state directory holds, or a start makes and removes. */
const UNCOUNTED = ["backups", "tenants/.staging", "tenants/.trash", "backup/tmp", ".restore", "lost+found"];

/**
 * What a start may take away of what was restored: runs of tenants that are gone, what is known of archives that are not in
 * the ledger, old audit files.
 */
const SLACK = { share: 0.01, files: 100, bytes: 64 * 1024 ** 2 };

export class PostRestore {
  readonly #file: string;
  readonly #host: PluginHost;
  readonly #threads: Pick<JobThreads, "run">;
  /** Goes through it one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(host: PluginHost, threads: Pick<JobThreads, "run">) {
    this.#file = path.join(host.paths.backup, "post-restore.json");
    this.#host = host;
    this.#threads = threads;
  }

  /** Undefined: none is pending. Throws `IO_FAILED` for a note that cannot be read, or is none. */
  async pending(): Promise<PostRestoreNote | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, "utf8");
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw toBackupError(error, `read ${this.#file}`);
    }
    const note = parsed(text);
    if (Value.Check(PostRestoreSchema, note)) return note;
    throw new BackupError("IO_FAILED", `${this.#file} is no note of a restore.`, {
      hint: "If no restore is to be looked after, remove it.",
    });
  }

  /** Goes through the checklist and notes what was found. Undefined: none is pending. */
  run(signal: AbortSignal): Promise<PostRestoreNote | undefined> {
    const run = this.#turn.then(() => this.#run(signal));
    this.#turn = run.catch(() => undefined);
    return run;
  }

  /** Takes it off the list. Throws `CHECKLIST_OPEN` unless all is well; without effect where none is pending. */
  async clear(): Promise<void> {
    const note = await this.pending();
    if (note === undefined) return;
    const open = note.items?.filter(({ ok }) => !ok) ?? [];
    if (note.items === undefined || open.length > 0) {
      const names = open.map(({ name }) => name).join(", ");
      throw new BackupError(
        "CHECKLIST_OPEN",
        `The checklist after the restore of ${note.from} ${note.items === undefined ? "was not gone through yet" : `is not done: ${names}`}.`,
      );
    }
    await rm(this.#file, { force: true });
  }

  async #run(signal: AbortSignal): Promise<PostRestoreNote | undefined> {
    const note = await this.pending();
    if (note === undefined) return undefined;
    const items = [...(await checkUp(this.#host)), this.#tenants(note), await this.#sizes(note, signal)];
    const checkedAt = new Date(this.#host.clock.now()).toISOString();
    const checked = { ...note, checkedAt, items };
    const temporary = `${this.#file}.new`;
    await writeFile(temporary, `${JSON.stringify(checked, undefined, 2)}\n`, { mode: 0o600 });
    await rename(temporary, this.#file);
    return checked;
  }

  #tenants({ expected }: PostRestoreNote): ChecklistItem {
    const served = this.#host.tenants.list().length;
    const message = `${served} of ${expected.tenants} tenants are there.`;
    if (served >= expected.tenants) return { name: "tenants", ok: true, message };
    return {
      name: "tenants",
      ok: false,
      message,
      fix: "`openclaw doctor` says which are not served, and why.",
    };
  }

  async #sizes({ expected }: PostRestoreNote, signal: AbortSignal): Promise<ChecklistItem> {
    const fix = "`openclaw gateway restore --undo` takes the restore back; then restore once more.";
    try {
      const { root, workspace } = this.#host.paths;
      const isApart = workspace !== undefined && !workspace.startsWith(`${root}/`);
      const parts = await Promise.all(
        [root, ...(isApart ? [workspace] : [])].map((tree) =>
          this.#threads.run("measure", { tree, except: UNCOUNTED }, { signal }),
        ),
      );
      const files = parts.reduce((sum, part) => sum + part.files, 0);
      const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
      const message = `${files} files with ${bytes} bytes are there; the archive has ${expected.files} with ${expected.bytes}.`;
      const ok = files >= least(expected.files, SLACK.files) && bytes >= least(expected.bytes, SLACK.bytes);
      return { name: "sizes", ok, message, ...(ok ? {} : { fix }) };
    } catch (error) {
      return { name: "sizes", ok: false, message: `It could not be found out: ${messageOf(error)}`, fix };
    }
  }
}

function least(expected: number, slack: number): number {
  return expected * (1 - SLACK.share) - slack;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
