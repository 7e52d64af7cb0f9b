/**
 * `cron/runs/<tenant>.<uid>.json`: up to when each schedule of an owner has been dealt with, and what came of its last runs. It
 * belongs to this gateway and lies outside the tenants' directories: a backup every night must not make every night's
 * archive differ, and a restored tenant must not believe that it has missed what this gateway has run.
 */
import path from "node:path";
import { type Static, Type } from "@openclaw/schema";
import type { ScheduleRun } from "../plugin/host.js";
import { MAX_BYTES_OF_GATEWAY, readJsonFile, writeJsonFile, type JsonFiles } from "./json-file.js";
import { ownerKey, type Owner } from "./owner.js";
import type { WriteQueue } from "./write-queue.js";

/** Runs that are remembered of each schedule. */
const MAX_RUNS = 100;

/** Runs that are remembered of all schedules of one owner: about a megabyte, which is written with every run. */
const MAX_RUNS_OF_OWNER = 5000;

const RunSchema = Type.Object({
  at: Type.String(),
  due: Type.Optional(Type.String()),
  by: Type.String(),
  outcome: Type.Enum(["started", "skipped", "refused", "failed"], { type: "string" }),
  jobId: Type.Optional(Type.String()),
  code: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
});

const StateSchema = Type.Object({
  name: Type.String(),
  /** Milliseconds since the epoch: what was due up to then has run, or is not to. */
  handledUntil: Type.Integer({ minimum: 0, maximum: 8.64e15 }),
  /** The newest first. */
  runs: Type.Array(RunSchema),
});

const FileSchema = Type.Object({ version: Type.Literal(1), schedules: Type.Array(StateSchema) });

export type RunState = Static<typeof StateSchema>;

/**
 * The states of one owner's schedules, in memory and in its file. Nobody waits for the file: what a crash takes with it
 * is run once more.
 */
export class RunLog {
  readonly #file: string;
  readonly #writes: WriteQueue;
  readonly #states: Map<string, RunState>;

  private constructor(file: string, writes: WriteQueue, states: readonly RunState[]) {
    this.#file = file;
    this.#writes = writes;
    this.#states = new Map(states.map((state) => [state.name, state]));
  }

  /** @param directory `cron/runs`. */
  static async load(directory: string, owner: Owner, files: JsonFiles, writes: WriteQueue): Promise<RunLog> {
    const file = path.join(directory, `${ownerKey(owner)}.json`);
    const content = await readJsonFile(files, file, FileSchema, { maxBytes: MAX_BYTES_OF_GATEWAY });
    return new RunLog(file, writes, content?.schedules ?? []);
  }

  get(name: string): RunState | undefined {
    return this.#states.get(name);
  }

  /** Notes that a schedule has been dealt with up to `handledUntil`, and what came of it. */
  note(name: string, handledUntil: number, run?: ScheduleRun): void {
    const before = this.#states.get(name)?.runs ?? [];
    const limit = Math.min(MAX_RUNS, Math.ceil(MAX_RUNS_OF_OWNER / (this.#states.size + 1)));
    const runs = run === undefined ? before : [run, ...before].slice(0, limit);
    this.#states.set(name, { name, handledUntil, runs });
    this.#write();
  }

  remove(name: string): void {
    if (this.#states.delete(name)) this.#write();
  }

  #write(): void {
    this.#writes.add(this.#file, () =>
      writeJsonFile(this.#file, { version: 1, schedules: [...this.#states.values()] }),
    );
  }
}
