import { access, constants, mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { GatewayError } from "../errors.js";
import type { StatePaths } from "../plugin/host.js";
import { errorText } from "../system-error.js";

/** All paths of the state directory that the gateway itself uses. */
export interface GatewayPaths extends StatePaths {
  /** `openclaw.json`. */
  readonly config: string;
  /** `gateway.lock`. */
  readonly lock: string;
  /** `audit/`. */
  readonly audit: string;
  /** `tenant-records/`: see `tenants/notes.ts`. */
  readonly tenantRecords: string;
}

/** `OPENCLAW_STATE_DIR`, default `~/.openclaw`; absolute. */
export function defaultStateDirectory(env: NodeJS.ProcessEnv): string {
  const configured = env["OPENCLAW_STATE_DIR"];
  if (configured !== undefined && configured !== "") return path.resolve(configured);
  return path.join(env["HOME"] ?? os.homedir(), ".openclaw");
}

export function gatewayPaths(stateDirectory: string): GatewayPaths {
  const root = path.resolve(stateDirectory);
  const tenants = path.join(root, "tenants");
  return {
    root,
    config: path.join(root, "openclaw.json"),
    lock: path.join(root, "gateway.lock"),
    audit: path.join(root, "audit"),
    tenantRecords: path.join(root, "tenant-records"),
    tenants,
    staging: path.join(tenants, ".staging"),
    trash: path.join(tenants, ".trash"),
    backup: path.join(root, "backup"),
    backups: path.join(root, "backups"),
  };
}

/** Makes the state directory itself where it is missing, mode 0700. Throws `STATE_UNUSABLE` when that, or writing there, fails. */
export async function makeStateDirectory(root: string): Promise<void> {
  await usable(root, async () => {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
  });
}

/** Makes the directories inside that are missing, mode 0700. Throws `STATE_UNUSABLE` when that fails. */
export async function prepareStateDirectory(paths: GatewayPaths): Promise<void> {
  const { root, staging, trash, backup, backups, tenantRecords } = paths;
  await usable(root, async () => {
    for (const directory of [root, staging, trash, backup, backups, tenantRecords]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    }
  });
}

async function usable(root: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new GatewayError(
      "STATE_UNUSABLE",
      `The state directory ${root} cannot be used: ${errorText(error)}`,
      {
        hint: "Make it writable for the gateway's user, or choose another OPENCLAW_STATE_DIR.",
        cause: error,
      },
    );
  }
}
