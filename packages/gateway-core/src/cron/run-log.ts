/**
 * `cron/runs/<owner>.json`: up to when each schedule of an owner has been dealt with, and what came of its last runs. It
 * belongs to this gateway and lies outside the tenants' directories: a backup every night must not make every night's
 * archive differ, and a restored tenant must not believe that it has missed what this gateway has run.
 */
import path from "node:path";
import { Type, type Static } from "typebox";
import type { ScheduleRun } from "../plugin/host.js";
import { readJsonFile, writeJsonFile, type JsonFiles } from "./json-file.js";
import { ownerKey, type Owner } from "./owner.js";

/** Runs that are remembered of each schedule. */
const MAX_RUNS = 100;

const RunSchema = Type.Object({
  at: Type.String(),
  due: Type.Optional(Type.String()),
  by: Type.String(),
  outcome: Type.Union([
    Type.Literal("started"),
    Type.Literal("skipped"),
    Type.Literal("refused"),
    Type.Literal("failed"),
  ]),
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

/** The states of one owner's schedules, in memory and in its file. */
export class RunLog {
  readonly #file: string;
  readonly #states: Map<string, RunState>;
  /** Writes go one after the other. */
  #written: Promise<void> = Promise.resolve();

  private constructor(file: string, states: readonly RunState[]) {
    this.#file = file;
    this.#states = new Map(states.map((state) => [state.name, state]));
  }

  /** @param directory `cron/runs`. */
  static async load(directory: string, owner: Owner, files: JsonFiles): Promise<RunLog> {
    const file = path.join(directory, `${ownerKey(owner)}.json`);
    const content = await readJsonFile(files, file, FileSchema);
    return new RunLog(file, content?.schedules ?? []);
  }

  get(name: string): RunState | undefined {
    return this.#states.get(name);
  }

  /** Notes that a schedule has been dealt with up to `handledUntil`, and what came of it. */
  async note(name: string, handledUntil: number, run?: ScheduleRun): Promise<void> {
    const before = this.#states.get(name)?.runs ?? [];
    const runs = run === undefined ? before : [run, ...before].slice(0, MAX_RUNS);
    this.#states.set(name, { name, handledUntil, runs });
    await this.#write();
  }

  async remove(name: string): Promise<void> {
    if (this.#states.delete(name)) await this.#write();
  }

  #write(): Promise<void> {
    const write = (): Promise<void> =>
      writeJsonFile(this.#file, { version: 1, schedules: [...this.#states.values()] });
    // A write that failed was its caller's to hear of; the next one writes all of it.
    this.#written = this.#written.then(write, write);
    return this.#written;
  }
}
