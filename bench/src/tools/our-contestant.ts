/** This project as a contestant: one tenant of a gateway. */
import { Cli, mustRun } from "@openclaw/test/support";
import { join } from "node:path";
import { OURS } from "../results/results.js";
import type { Values } from "../results/results.js";
import type { Contestant, Watch } from "./contestant.js";
import type { Job, OurGateway } from "./our-gateway.js";
import type { Storage } from "./storage.js";

export const TENANT = "acme";
/** The same gateway, through the command line: with the time that its process needs to start. */
export const OURS_BY_COMMAND = "this project, by its command line";

export class OurContestant implements Contestant {
  readonly name: string = OURS;
  readonly commands = {};
  /** What the last backup said of itself. */
  lastBackup: Job | undefined;
  readonly #gateway: OurGateway;
  readonly #storage: Storage | undefined;
  #copies = 1;

  /** @param storage undefined: the gateway's own directory */
  constructor(gateway: OurGateway, storage: Storage | undefined) {
    this.#gateway = gateway;
    this.#storage = storage;
  }

  get gateway(): OurGateway {
    return this.#gateway;
  }

  standingPid(): number {
    return this.#gateway.pid;
  }

  async reset(): Promise<void> {
    await this.#storage?.empty();
    await this.#gateway.forget();
  }

  backup(): Promise<Values> {
    return this.#backup({});
  }

  async #backup(request: object): Promise<Values> {
    this.lastBackup = await this.#gateway.run(`/api/admin/tenants/${TENANT}/backups`, request);
    return {};
  }

  async restore(): Promise<Values> {
    await this.#gateway.run("/api/admin/restores", { from: this.location, as: this.restoredName });
    return {};
  }

  /** A tenant that is of no more interest: gone with the gateway. */
  setRestoredAside(): void {
    this.#copies++;
  }

  async readFile(path: string, size: number): Promise<Values> {
    const found = await this.#gateway.readFile(this.location, path);
    if (found !== size) throw new Error(`${path} came out with ${found} bytes instead of ${size}`);
    return {};
  }

  async storedBytes(): Promise<number> {
    if (this.#storage !== undefined) return this.#storage.storedBytes();
    return Number.parseInt(await mustRun("du", ["-sb", join(this.#gateway.stateDirectory, "backups")]), 10);
  }

  async close(): Promise<void> {
    await this.#gateway.close();
    await this.#storage?.close();
  }

  /** Where the last backup is. */
  get location(): string {
    const location = this.lastBackup?.result?.location;
    if (location === undefined) throw new Error("there is no backup yet");
    return location;
  }

  /** Removes all archives but the last ones. */
  async prune(keepLast: number): Promise<void> {
    await this.#gateway.run(`/api/admin/tenants/${TENANT}/prune`, { keepLast });
  }

  /** The directory of a restored copy. */
  get restoredDirectory(): string {
    return this.#gateway.tenantDirectory(this.restoredName);
  }

  get restoredName(): string {
    return `${TENANT}-copy-${this.#copies}`;
  }

  /** The same tenant and the same ledger, each backup asked for as `request` says. */
  asking(name: string, request: object): Contestant {
    return {
      name,
      commands: {},
      standingPid: () => this.standingPid(),
      reset: () => this.reset(),
      backup: () => this.#backup(request),
      restore: () => this.restore(),
      setRestoredAside: () => {
        this.setRestoredAside();
      },
      readFile: (path, size) => this.readFile(path, size),
      storedBytes: () => this.storedBytes(),
      close: () => Promise.resolve(),
    };
  }

  /** The same tenant and the same ledger, by the command line. */
  byCommand(): Contestant {
    const run = async (args: readonly string[], watch: Watch): Promise<Values> => {
      watch(this.#gateway.pid);
      await new Cli(this.#gateway.process).json(args);
      return {};
    };
    return {
      name: OURS_BY_COMMAND,
      commands: {
        backup: `openclaw tenants backup ${TENANT}`,
        restore: `openclaw tenants restore --from … --as ${TENANT}-copy`,
      },
      standingPid: () => this.#gateway.pid,
      reset: () => this.reset(),
      backup: (watch) => run(["tenants", "backup", TENANT], watch),
      restore: (watch) =>
        run(["tenants", "restore", "--from", this.location, "--as", this.restoredName], watch),
      setRestoredAside: () => {
        this.setRestoredAside();
      },
      readFile: async (path, size, watch) => {
        watch(this.#gateway.pid);
        const content = await new Cli(this.#gateway.process).ok(["backups", "cat", this.location, path]);
        if (Buffer.byteLength(content) !== size) throw new Error(`${path} came out with other bytes`);
        return {};
      },
      storedBytes: () => this.storedBytes(),
      close: () => Promise.resolve(),
    };
  }
}
