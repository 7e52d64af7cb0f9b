/** The `cron/jobs.json` of the gateway and of each tenant. */
import path from "node:path";
import { Type } from "typebox";
import { openConfined } from "../files/confined.js";
import { faultText, schemaCheck } from "../schema/check.js";
import { readJsonFile, setAside, writeJsonFile, type JsonFiles } from "./json-file.js";
import type { Owner } from "./owner.js";
import { ScheduleSchema, timingOf, type Schedule } from "./schedule.js";
import { isCodedError } from "../errors.js";

const FILE = "jobs.json";

/** Loose, so that one damaged schedule does not take the others along. */
const FileSchema = Type.Object({ version: Type.Literal(1), jobs: Type.Array(Type.Unknown()) });

const checkSchedule = schemaCheck(ScheduleSchema);

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

  /** What is damaged is set aside; the rest counts. Throws `STATE_UNUSABLE`, and `PATH_NOT_ALLOWED` for a link. */
  async read(owner: Owner): Promise<readonly Schedule[]> {
    const schedules = await this.#inDirectory(owner, false, (directory) => this.#readFrom(owner, directory));
    return schedules ?? [];
  }

  async write(owner: Owner, jobs: readonly Schedule[]): Promise<void> {
    await this.#inDirectory(owner, true, (directory) => writeFile(directory, jobs));
  }

  async #readFrom(owner: Owner, directory: string): Promise<readonly Schedule[]> {
    const file = path.join(directory, FILE);
    const shown = path.join(this.#directory(owner), FILE);
    const content = await readJsonFile(this.#files, file, FileSchema, shown);
    const good: Schedule[] = [];
    let problem: string | undefined;
    for (const [index, job] of (content?.jobs ?? []).entries()) {
      const read = readSchedule(owner, job, good);
      if (typeof read === "string") problem ??= `jobs[${index}]: ${read}`;
      else good.push(read);
    }
    if (problem !== undefined) {
      await setAside(this.#files, file, problem, shown);
      await writeFile(directory, good);
    }
    return good;
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

async function writeFile(directory: string, jobs: readonly Schedule[]): Promise<void> {
  await writeJsonFile(path.join(directory, FILE), { version: 1, jobs });
}

/** The schedule, or what is wrong with it. */
function readSchedule(owner: Owner, job: unknown, before: readonly Schedule[]): Schedule | string {
  const checked = checkSchedule(job);
  if (!checked.ok) return faultText(checked.fault, "the schedule");
  const schedule = checked.value;
  if (before.some(({ name }) => name === schedule.name)) return `the name ${schedule.name} stands twice`;
  try {
    timingOf(owner, schedule);
    return schedule;
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return error.message;
  }
}
