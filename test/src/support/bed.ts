/** A gateway process with a command line beside it, in a directory of its own, gone when the test ends. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { BackupJob, RestoreJob } from "./answers.js";
import { Cli } from "./cli.js";
import { GatewayProcess } from "./gateway-process.js";
import { generateTenant } from "./tenant-generator.js";
import type { GeneratedTenant, TenantScale } from "./tenant-generator.js";

export const ADMIN_TOKEN = "admin-token-of-the-tests-0123456789";

export interface BedOptions {
  /** Environment of the gateway, beside its token and state directory. */
  readonly env?: NodeJS.ProcessEnv;
  /** More of the plugin's config section. `localRoots` is the bed's `archives` directory. */
  readonly backup?: Readonly<Record<string, unknown>>;
  /** See {@link GatewayProcess.start}. */
  readonly script?: string;
  /** A directory of the caller's, which removes it. Default: a fresh one. */
  readonly directory?: string;
  /** Kept over restarts, for who has the gateway's address. Default: a free one at each start. */
  readonly port?: number;
}

export class Bed {
  /** Holds everything below; removed at the end. */
  readonly directory: string;
  /** The one local root of the gateway's config. */
  readonly archives: string;
  gateway: GatewayProcess;
  cli: Cli;
  readonly #options: BedOptions;

  private constructor(directory: string, archives: string, gateway: GatewayProcess, options: BedOptions) {
    this.directory = directory;
    this.archives = archives;
    this.gateway = gateway;
    this.cli = new Cli(gateway);
    this.#options = options;
  }

  static async start(t: Test, options: BedOptions = {}): Promise<Bed> {
    const directory = options.directory ?? temporaryDirectory(t);
    const archives = join(directory, "archives");
    mkdirSync(archives, { recursive: true });
    const bed = new Bed(directory, archives, await startGateway(directory, archives, options), options);
    t.teardown(() => bed.gateway.stop());
    return bed;
  }

  /** Starts the gateway again on the same state, after it ended. `onSpawned`: see {@link GatewayProcess.start}. */
  async restart(onSpawned?: (kill: () => void) => void): Promise<void> {
    this.gateway = await startGateway(this.directory, this.archives, this.#options, onSpawned);
    this.cli = new Cli(this.gateway);
  }

  /** Creates a tenant through the command line; gives its token. */
  async createTenant(id: string): Promise<string> {
    const { token } = (await this.cli.json(["tenants", "create", id])) as { token: string };
    return token;
  }

  /** Creates a tenant with generated content. */
  async createFilledTenant(
    id: string,
    scale: TenantScale,
  ): Promise<GeneratedTenant & { readonly token: string }> {
    const token = await this.createTenant(id);
    return { ...generateTenant(this.gateway.tenantDirectory(id), scale), token };
  }

  /** Backs a tenant up; gives the finished job. */
  async backup(id: string, ...flags: readonly string[]): Promise<BackupJob> {
    return (await this.cli.json(["tenants", "backup", id, ...flags])) as BackupJob;
  }

  /** `openclaw tenants restore FLAGS…`; gives the finished job. */
  async restore(...flags: readonly string[]): Promise<RestoreJob> {
    return (await this.cli.json(["tenants", "restore", ...flags])) as RestoreJob;
  }

  /** Who the gateway says a tenant's token belongs to: its id, or the status of the refusal. */
  async whoami(token: string): Promise<string | number> {
    const answer = await fetch(`${this.gateway.url}/api/tenant/whoami`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return answer.ok ? ((await answer.json()) as { tenant: string }).tenant : answer.status;
  }

  /** An admin call. */
  async get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.gateway.url}${path}`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    return answer.json();
  }
}

/** A fresh directory that is removed when the test ends, directories without write permission included. */
export function temporaryDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), "openclaw-test-"));
  t.teardown(() => {
    spawnSync("chmod", ["-R", "u+rwX", directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

function startGateway(
  directory: string,
  archives: string,
  options: BedOptions,
  onSpawned?: (kill: () => void) => void,
): Promise<GatewayProcess> {
  const stateDirectory = join(directory, "state");
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const config = { plugins: { backup: { localRoots: [archives], ...options.backup } } };
  writeFileSync(join(stateDirectory, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
  return GatewayProcess.start({
    stateDirectory,
    adminToken: ADMIN_TOKEN,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.script === undefined ? {} : { script: options.script }),
    ...(onSpawned === undefined ? {} : { onSpawned }),
  });
}
