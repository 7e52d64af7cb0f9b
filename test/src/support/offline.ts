/** `openclaw gateway restore` and the like, on the state directory of a gateway that does not run. */
import { mkdirSync } from "node:fs";
import { cleanEnvironment, OPENCLAW } from "./processes.js";
import { run, type RunResult } from "./run.js";

export interface Machine {
  readonly state: string;
  /** The workspace's volume. Default: none. */
  readonly workspace?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** What a gateway, or a command beside it, sees on this machine. */
export function machineEnvironment({ workspace, env }: Machine): NodeJS.ProcessEnv {
  return { ...(workspace === undefined ? {} : { OPENCLAW_WORKSPACE_DIR: workspace }), ...env };
}

/** Runs `openclaw ARGS…` with the machine's state directory. */
export function offline(machine: Machine, ...args: readonly string[]): Promise<RunResult> {
  const home = `${machine.state}-home`;
  mkdirSync(home, { recursive: true });
  const env = cleanEnvironment(home, { OPENCLAW_STATE_DIR: machine.state, ...machineEnvironment(machine) });
  return run(process.execPath, [OPENCLAW, ...args], { env });
}

/** As {@link offline} with `--json`; throws unless it ends with 0. */
export async function offlineJson<T>(machine: Machine, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await offline(machine, ...args, "--json");
  if (code !== 0) throw new Error(`openclaw ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}
