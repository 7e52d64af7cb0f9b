/** A rival at work: runs its scripts on one tenant and one place. */
import { cleanEnvironment } from "@openclaw/test/support";
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Values } from "../results/results.js";
import type { Contestant, Watch } from "./contestant.js";
import type { Programs } from "./programs.js";
import type { ShellTool } from "./shell-tools.js";
import type { Storage } from "./storage.js";

export interface ShellContestantOptions {
  readonly tool: ShellTool;
  readonly storage: Storage;
  /** The tenant's directory. */
  readonly source: string;
  /** Of this contestant alone; made here. */
  readonly work: string;
  readonly programs: Programs;
}

const ERROR_TAIL = 400;

export class ShellContestant implements Contestant {
  readonly name: string;
  readonly commands: Readonly<Record<string, string>>;
  readonly #options: ShellContestantOptions;
  #runs = 0;
  #setAside = 0;

  constructor(options: ShellContestantOptions) {
    const { name, backup, restore } = options.tool;
    this.name = name;
    this.commands = { backup, restore };
    this.#options = options;
    mkdirSync(this.#into, { recursive: true });
  }

  standingPid(): undefined {
    return undefined;
  }

  async reset(): Promise<void> {
    const { storage, tool, work } = this.#options;
    await storage.empty();
    rmSync(work, { recursive: true, force: true });
    mkdirSync(this.#into, { recursive: true });
    if (tool.prepare !== undefined) await this.#run(tool.prepare, {});
  }

  async backup(watch: Watch): Promise<Values> {
    this.#runs++;
    await this.#run(this.#options.tool.backup, { watch });
    return {};
  }

  async restore(watch: Watch): Promise<Values> {
    await this.#run(this.#options.tool.restore, { watch });
    return {};
  }

  setRestoredAside(): void {
    renameSync(this.#into, `${this.#into}-${++this.#setAside}`);
    mkdirSync(this.#into);
  }

  async readFile(path: string, size: number, watch: Watch): Promise<Values> {
    const { readFile } = this.#options.tool;
    if (readFile === undefined) throw new Error("it has no command for one file");
    const output = join(this.#options.work, "file");
    await this.#run(readFile, { watch, output, environment: { WANTED: path } });
    const { size: found } = statSync(output);
    if (found !== size) throw new Error(`${path} came out with ${found} bytes instead of ${size}`);
    return {};
  }

  storedBytes(): Promise<number> {
    return this.#options.storage.storedBytes();
  }

  async close(): Promise<void> {
    rmSync(this.#options.work, { recursive: true, force: true });
    await this.#options.storage.close();
  }

  get #into(): string {
    return join(this.#options.work, "restored");
  }

  async #run(
    script: string,
    options: {
      readonly watch?: Watch;
      /** A file for what the script prints. */
      readonly output?: string;
      readonly environment?: Readonly<Record<string, string>>;
    },
  ): Promise<void> {
    const output = openSync(options.output ?? "/dev/null", "w");
    try {
      const child = spawn("bash", ["-c", `set -eo pipefail; ${script}`], {
        stdio: ["ignore", output, "pipe"],
        env: { ...this.#environment(), ...options.environment },
      });
      if (child.pid !== undefined) options.watch?.(child.pid);
      let errors = "";
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        errors = (errors + text).slice(-ERROR_TAIL);
      });
      const code = await new Promise<number | null>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", resolve);
      });
      if (code !== 0) throw new Error(`it ended with ${code ?? "a signal"}: ${errors.trim()}`);
    } finally {
      closeSync(output);
    }
  }

  #environment(): NodeJS.ProcessEnv {
    const { source, storage, tool, work, programs } = this.#options;
    const { place } = storage;
    return cleanEnvironment(work, {
      PARENT: dirname(source),
      NAME: basename(source),
      ...(place.kind === "local"
        ? { PLACE: place.directory }
        : { BUCKET: place.bucket, ENDPOINT: place.endpoint }),
      INTO: this.#into,
      WORK: work,
      RUN: String(this.#runs),
      AWS: programs.get("aws")?.path ?? "aws",
      ...tool.environment?.(place, work),
    });
  }
}
