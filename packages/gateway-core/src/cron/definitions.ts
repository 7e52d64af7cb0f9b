/** The `cron/jobs.json` of the gateway and of each tenant. */
import path from "node:path";
import { Type } from "@openclaw/schema";
import { openConfined } from "../files/confined.js";
import { faultText, schemaCheck } from "../schema/check.js";
import { readJsonFile, writeJsonFile, type JsonFiles } from "./json-file.js";
import type { Owner } from "./owner.js";
import { ScheduleSchema, timingOf, type Schedule } from "./schedule.js";
import { isCodedError } from "../errors.js";

const FILE = "jobs.json";

/** Schedules of one owner; each is looked at every second. */
export const MAX_SCHEDULES = 200;

/** Loose, so that one schedule that makes no sense does not take the others along. */
const FileSchema = Type.Object({ version: Type.Literal(1), jobs: Type.Array(Type.Unknown()) });

const checkSchedule = schemaCheck(ScheduleSchema);

/** What stands in a file of schedules. */
export interface Defined {
  readonly schedules: readonly Schedule[];
  /** What is no schedule to this gateway; it stays in the file as it is, and does not run. */
  readonly unknown: readonly UnknownSchedule[];
}

export interface UnknownSchedule {
  /** Where it has one. */
  readonly name: string | undefined;
  /** What is wrong with it: `tz is missing`. */
  readonly problem: string;
  /** As it stands in the file. */
  readonly json: unknown;
}

export interface DefinitionPaths {
  /** The state directory. */
  readonly root: string;
  /** A tenant's directory. */
  tenant(id: string): string;
}

/**
 * Reads and writes schedules, without remembering any. The caller sees to it that an owner's file is not written twice at
 * once, and that no tenant's directory is swapped meanwhile.
 */
export class Definitions {
  readonly #paths: DefinitionPaths;
  readonly #files: JsonFiles;

  constructor(paths: DefinitionPaths, files: JsonFiles) {
    this.#paths = paths;
    this.#files = files;
  }

  /** A file that is damaged is set aside. Throws `STATE_UNUSABLE`, and `PATH_NOT_ALLOWED` for a link. */
  async read(owner: Owner): Promise<Defined> {
    const content = await this.#inDirectory(owner, false, (directory) =>
      readJsonFile(this.#files, path.join(directory, FILE), FileSchema, {
        shown: path.join(this.#directory(owner), FILE),
      }),
    );
    const schedules: Schedule[] = [];
    const unknown: UnknownSchedule[] = [];
    for (const json of content?.jobs ?? []) {
      const read = readSchedule(owner, json, schedules);
      if (typeof read === "string") unknown.push({ name: nameOf(json), problem: read, json });
      else schedules.push(read);
    }
    return { schedules, unknown };
  }

  async write(owner: Owner, { schedules, unknown }: Defined): Promise<void> {
    const jobs = [...schedules, ...unknown.map(({ json }) => json)];
    await this.#inDirectory(owner, true, (directory) =>
      writeJsonFile(path.join(directory, FILE), { version: 1, jobs }),
    );
  }

  #directory(owner: Owner): string {
    return path.join(owner.kind === "gateway" ? this.#paths.root : this.#paths.tenant(owner.id), "cron");
  }

  /**
   * A tenant's directory may come from an archive: its `cron` is opened as what it is, never through a link. Undefined:
   * there is none, and none is to be made.
   */
  async #inDirectory<T>(
    owner: Owner,
    create: boolean,
    work: (directory: string) => Promise<T>,
  ): Promise<T | undefined> {
    if (owner.kind === "gateway") return work(this.#directory(owner));
    const directory = await openConfined(this.#paths.tenant(owner.id), ["cron"], { create });
    if (typeof directory === "number") return undefined;
    try {
      return await work(directory.path);
    } finally {
      await directory.close();
    }
  }
}

/** The schedule, or what is wrong with it. */
function readSchedule(owner: Owner, job: unknown, before: readonly Schedule[]): Schedule | string {
  // Checking fills in defaults, and what is unknown is to stay as it is.
  const checked = checkSchedule(structuredClone(job));
  if (!checked.ok) return faultText(checked.fault, "the schedule");
  const schedule = checked.value;
  if (before.some(({ name }) => name === schedule.name)) return `the name ${schedule.name} stands twice`;
  if (before.length >= MAX_SCHEDULES) return `it is behind ${MAX_SCHEDULES} others, as many as there may be`;
  try {
    timingOf(owner, schedule);
    return schedule;
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return error.message;
  }
}

function nameOf(json: unknown): string | undefined {
  const isNamed = typeof json === "object" && json !== null && "name" in json;
  return isNamed && typeof json.name === "string" ? json.name : undefined;
}
