/**
 * What this gateway knows of each tenant's record, in `tenant-records/<id>.json`, outside the tenants' directories. A
 * `tenant.json` travels with its tenant, and whoever can write there could write another one; so it is believed when
 * it is seen for the first time, and when the gateway itself has put it there. After that, what is noted here counts.
 */
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { type Static, Type } from "@openclaw/schema";
import type { TenantRecord } from "../plugin/host.js";
import { schemaCheck } from "../schema/check.js";
import { writeFileAtomic } from "../state/atomic-write.js";
import { readSmallFile } from "../state/small-file.js";
import { errorText, isSystemError } from "../system-error.js";
import { TenantRecordSchema } from "./record.js";
import { isTenantId } from "./tenant-id.js";

const NoteSchema = Type.Object(
  {
    version: Type.Literal(1),
    /** Absent while the slot is empty. */
    record: Type.Optional(TenantRecordSchema),
    /**
     * The slot is suspended, and may get another directory: which one stood there before, `none` for an empty slot. It
     * outlives a crash, so that the next start can tell whether another one stands there.
     */
    suspended: Type.Optional(Type.String({ maxLength: 64 })),
    /** `tenant.json` is being written anew: it may say another thing without anybody else having altered it. */
    changing: Type.Optional(Type.Literal(true)),
  },
  { additionalProperties: false },
);

export type TenantNote = Omit<Static<typeof NoteSchema>, "version">;

const SUFFIX = ".json";

/** A record is some 20 KB at most. */
const MAX_NOTE_BYTES = 64 * 1024;

const check = schemaCheck(NoteSchema);

export class TenantNotes {
  readonly #directory: string;

  /** @param directory `tenant-records`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The tenants of which something is noted, in order. */
  async ids(): Promise<readonly string[]> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (isSystemError(error, "ENOENT")) return [];
      throw error;
    });
    return names
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => name.slice(0, -SUFFIX.length))
      .filter(isTenantId)
      .sort();
  }

  /** Undefined: nothing was ever noted. Rejects for a note that cannot be read, or is none. */
  async read(id: string): Promise<TenantNote | undefined> {
    let text: string;
    try {
      text = await readSmallFile(this.#file(id), MAX_NOTE_BYTES);
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return undefined;
      throw unreadable(this.#file(id), errorText(error));
    }
    const checked = check(parsed(text));
    if (!checked.ok) throw unreadable(this.#file(id), "it is not as this gateway writes it");
    const { version, ...note } = checked.value;
    return note;
  }

  async write(id: string, note: TenantNote): Promise<void> {
    await writeFileAtomic(this.#file(id), `${JSON.stringify({ version: 1, ...note }, undefined, 2)}\n`);
  }

  /** The next record that is seen in the slot is believed. */
  async remove(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }

  #file(id: string): string {
    return path.join(this.#directory, id + SUFFIX);
  }
}

/** What differs, by field; empty: they say the same. */
export function differences(one: TenantRecord, other: TenantRecord): string[] {
  const fields = ["id", "uid", "createdAt", "tokenSha256", "quotas", "labels"] as const;
  return fields.filter((field) => text(one[field]) !== text(other[field]));
}

function text(value: string | Readonly<Record<string, string | number>> | TenantRecord["quotas"]): string {
  if (typeof value === "string") return value;
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(file: string, problem: string): Error {
  return new Error(`${file} cannot be read: ${problem}`);
}
