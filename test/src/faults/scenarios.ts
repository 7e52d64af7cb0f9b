/** What the faults strike: a backup and the two kinds of restore, each with what must hold afterwards. */
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unexplainedDifferences } from "../support/restored-tenant.js";
import { mustRun } from "../support/run.js";
import { describeDifferences, diffTrees } from "../support/tree-diff.js";
import type { Difference } from "../support/tree-diff.js";
import type { Ended, FaultBed } from "./fault-bed.js";
import { LIVE_DATABASE } from "./source-tenant.js";
import type { SourceTenant } from "./source-tenant.js";

export interface Scenario {
  readonly name: string;
  run(): Promise<Ended>;
  /** Called once the gateway has settled: what does not hold. Puts things back for the next time. */
  judge(succeeded: boolean): Promise<readonly string[]>;
}

export class Scenarios {
  readonly #faultBed: FaultBed;
  readonly #source: SourceTenant;
  readonly #place: string;

  /** @param place Where archives go, as the start of a location: `/directory/`, `dest:store/`. */
  constructor(faultBed: FaultBed, source: SourceTenant, place: string) {
    this.#faultBed = faultBed;
    this.#source = source;
    this.#place = place;
  }

  backup(): Scenario {
    let count = 0;
    let name = "";
    return {
      name: "backup",
      run: () => {
        count++;
        name = `struck-${count}/a.tar.zst`;
        return this.#backUp(name);
      },
      judge: async (succeeded) => {
        const archive = await this.#listed(name);
        const isListed = archive !== undefined;
        const violations = isListed === succeeded ? [] : [`the archive is ${isListed ? "" : "not "}listed`];
        return [...violations, ...this.#sourceChanges(), ...(await this.#remove(archive))];
      },
    };
  }

  /** On top of an archive of the same tenant, which stays. */
  async incrementalBackup(): Promise<Scenario> {
    await this.#baseArchive();
    return { ...this.backup(), name: "incremental backup" };
  }

  /** Into an empty slot, as a clone. */
  async restore(): Promise<Scenario> {
    const from = await this.#baseArchive();
    const slot = this.#faultBed.bed.gateway.tenantDirectory("fresh");
    return {
      name: "restore",
      run: () => this.#faultBed.run("/api/admin/restores", { from, as: "fresh" }),
      judge: async (succeeded) => {
        if (!succeeded && !existsSync(slot)) return [];
        const violations = succeeded ? this.#missing("fresh") : ["there is a tenant in the slot"];
        await this.#delete("fresh");
        return violations;
      },
    };
  }

  /** Replaces a tenant that differs from the archive. */
  async forcedRestore(): Promise<Scenario> {
    const { slot, reference, change, from } = await this.#changedTenant("target");
    return {
      name: "forced restore",
      run: () => this.#faultBed.run("/api/admin/restores", { from, as: "target", force: true }),
      judge: async (succeeded) => {
        if (!succeeded) return said("the old tenant is not whole", diffTrees(reference, slot));
        const violations = this.#missing("target");
        await change();
        return violations;
      },
    };
  }

  /** Of some paths, in place of what the tenant has there now. */
  async restoreInPlace(): Promise<Scenario> {
    const { slot, reference, change, from } = await this.#changedTenant("in-place");
    const paths = ["workspace", "usage", "sessions"];
    return {
      name: "restore in place",
      run: () => this.#faultBed.run("/api/admin/restores", { from, as: "in-place", paths, force: true }),
      judge: async (succeeded) => {
        if (!succeeded) return said("the tenant is not as it was", diffTrees(reference, slot));
        const violations = paths.flatMap((path) => {
          const archived = join(this.#source.reference, path);
          // Directories stay, with their modes and what else they hold; what is put into them changes their times.
          const lacking = diffTrees(archived, join(slot, path)).filter(
            ({ path: name, aspect }) =>
              aspect !== "only-right" &&
              (!(aspect === "mtime" || aspect === "mode") || !isDirectory(archived, name)),
          );
          return said(`${path} is not as it was archived`, lacking);
        });
        await change();
        return violations;
      },
    };
  }

  /** Of some paths, beside what the tenant has. */
  async restoreBeside(): Promise<Scenario> {
    const { slot, reference, from } = await this.#changedTenant("beside");
    const into = "workspace/restored";
    return {
      name: "restore beside",
      run: () =>
        this.#faultBed.run("/api/admin/restores", { from, as: "beside", paths: ["workspace"], into }),
      judge: (succeeded) => {
        const restored = join(slot, into);
        const violations = succeeded
          ? said(
              "it is not whole",
              diffTrees(join(this.#source.reference, "workspace"), join(restored, "workspace")),
            )
          : [];
        if (succeeded) rmSync(restored, { recursive: true });
        const isTouched = ({ path, aspect }: Difference): boolean =>
          path === "workspace" && aspect === "mtime";
        const changes = diffTrees(reference, slot).filter((difference) => !isTouched(difference));
        return Promise.resolve([...violations, ...said("the tenant is not as it was", changes)]);
      },
    };
  }

  #backUp(name: string, options: object = {}): Promise<Ended> {
    const to = `${this.#place}${name}`;
    return this.#faultBed.run(`/api/admin/tenants/${this.#source.id}/backups`, { to, ...options });
  }

  /** A tenant that differs from the archive; `change` makes it differ again, and `reference` a copy of that. */
  async #changedTenant(id: string): Promise<{
    readonly slot: string;
    readonly reference: string;
    readonly change: () => Promise<void>;
    readonly from: string;
  }> {
    const { bed, tokens } = this.#faultBed;
    const from = await this.#baseArchive();
    const slot = bed.gateway.tenantDirectory(id);
    const reference = join(bed.directory, `${id}-reference`);
    tokens.set(id, await bed.createTenant(id));
    const change = async (): Promise<void> => {
      rmSync(join(slot, "usage"), { recursive: true, force: true });
      writeFileSync(join(slot, "workspace/since-the-backup"), randomBytes(100));
      rmSync(reference, { recursive: true, force: true });
      await mustRun("cp", ["-a", slot, reference]);
    };
    await change();
    return { slot, reference, change, from };
  }

  /** The archive's id in the catalogue. */
  async #listed(name: string): Promise<string | undefined> {
    const answer = await this.#faultBed.call("GET", `/api/admin/tenants/${this.#source.id}/backups`);
    const { archives } = answer?.body as {
      archives: readonly { id: string; location: string; state: string }[];
    };
    return archives.find(({ location, state }) => location.endsWith(`/${name}`) && state === "good")?.id;
  }

  /** So that the store does not fill up with the archives of all combinations. */
  async #remove(archive: string | undefined): Promise<string[]> {
    if (archive === undefined) return [];
    const removal = await this.#faultBed.run(`/api/admin/backups/${archive}?force=true`, undefined, "DELETE");
    return failureOf("the removal of the archive", removal);
  }

  /** What the restores restore. */
  async #baseArchive(): Promise<string> {
    const name = "base.tar.zst";
    const problems =
      (await this.#listed(name)) !== undefined ? [] : failureOf("the first backup", await this.#backUp(name));
    if (problems.length > 0) throw new Error(problems.join());
    return `${this.#place}${name}`;
  }

  /** Does the gateway still do its work? A backup and a restore without a fault: what went wrong. */
  async cleanRun(): Promise<string[]> {
    const name = "clean.tar.zst";
    const backup = await this.#backUp(name, { overwrite: true });
    const from = `${this.#place}${name}`;
    const restore = await this.#faultBed.run("/api/admin/restores", { from, as: "clean" });
    const violations = [
      ...failureOf("the next backup", backup),
      ...failureOf("the next restore", restore),
      ...this.#missing("clean"),
    ];
    await this.#delete("clean");
    // It would be the base of the backups that follow.
    return [...violations, ...(await this.#remove(await this.#listed(name)))];
  }

  async #delete(tenant: string): Promise<void> {
    await this.#faultBed.call("DELETE", `/api/admin/tenants/${tenant}?confirm=${tenant}`);
  }

  /** What SQLite keeps beside a database in use may come and go. */
  #sourceChanges(): string[] {
    const { id, reference, databases } = this.#source;
    const beside = new Set(databases.flatMap((path) => [`${path}-wal`, `${path}-shm`]));
    const changes = diffTrees(reference, this.#faultBed.bed.gateway.tenantDirectory(id)).filter(
      ({ path, aspect }) => !beside.has(path) && !(path === "memory" && aspect === "mtime"),
    );
    return said("the tenant has changed", changes);
  }

  /** What a restored clone lacks. */
  #missing(tenant: string): string[] {
    const { reference, databases } = this.#source;
    const restored = this.#faultBed.bed.gateway.tenantDirectory(tenant);
    if (!existsSync(restored)) return ["there is no tenant in the slot"];
    const differences = unexplainedDifferences({ source: reference, restored, renamedTo: tenant, databases });
    // Its time is the later one of the database's and its WAL's.
    const lacking = differences.filter(({ path, aspect }) => path !== LIVE_DATABASE || aspect !== "mtime");
    return said("the new tenant is not whole", lacking);
  }
}

/** @param name Each character is one byte. */
function isDirectory(root: string, name: string): boolean {
  return lstatSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, "latin1")])).isDirectory();
}

function said(what: string, differences: readonly Difference[]): string[] {
  return differences.length === 0 ? [] : [`${what}: ${describeDifferences(differences)}`];
}

function failureOf(what: string, ended: Ended): string[] {
  if (ended.kind === "job" && ended.job.state === "succeeded") return [];
  return [`${what} failed: ${JSON.stringify(ended)}`];
}
