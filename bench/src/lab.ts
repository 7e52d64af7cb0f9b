/** Where the measuring is done: a temporary directory, the store behind the counting proxy, the tools of this machine. */
import { s3For } from "@openclaw/gateway-plugin-backup/testing";
import type { S3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { generateTenant, mustRun, run } from "@openclaw/test/support";
import type { GeneratedTenant } from "@openclaw/test/support";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PeakMemory } from "./measuring/process-tree.js";
import { settle } from "./measuring/settle.js";
import type { BenchOptions } from "./options.js";
import { CountingProxy } from "./proxy/counting-proxy.js";
import { trafficSince } from "./proxy/traffic.js";
import type { Values } from "./results/results.js";
import type { Contestant, Watch } from "./tools/contestant.js";
import { OurContestant, TENANT } from "./tools/our-contestant.js";
import { OurGateway } from "./tools/our-gateway.js";
import type { Place } from "./tools/place.js";
import type { Programs } from "./tools/programs.js";
import { ShellContestant } from "./tools/shell-contestant.js";
import { SHELL_TOOLS } from "./tools/shell-tools.js";
import type { ShellTool } from "./tools/shell-tools.js";
import { LocalStorage, S3Storage } from "./tools/storage.js";
import type { Storage } from "./tools/storage.js";

const SEED = 1;

export interface Store {
  readonly server: S3ForTests;
  readonly proxy: CountingProxy;
}

/** One tenant, this project, and the rivals that are here. */
export interface Field {
  readonly ours: OurContestant;
  /** With {@link ours} as the first. */
  readonly contestants: readonly Contestant[];
  /** The tenant's directory. */
  readonly source: string;
  readonly tenant: GeneratedTenant;
  readonly token: string;
  /** Where this project puts its archives; undefined: in its own directory. */
  readonly storage: S3Storage | undefined;
  /** Rivals that this machine does not have, each as a sentence. */
  readonly missing: readonly string[];
  close(): Promise<void>;
}

export interface FieldOptions {
  /** Which rivals take part; default: all for this kind of place. */
  readonly rivals?: readonly string[];
  /** What the rivals are chosen from; default: those without encryption. */
  readonly tools?: readonly ShellTool[];
  /** Fills the tenant's directory; default: with a tenant as the options want it. */
  readonly fill?: (directory: string) => GeneratedTenant;
}

export class Lab {
  readonly options: BenchOptions;
  readonly programs: Programs;
  readonly #directory = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
  readonly #finishers: (() => unknown)[] = [];
  readonly #sources: string[] = [];
  #store: Promise<Store> | undefined;
  #proxy: CountingProxy | undefined;
  #count = 0;

  constructor(options: BenchOptions, programs: Programs) {
    this.options = options;
    this.programs = programs;
  }

  /** A path below the temporary directory that nobody has had. */
  path(name: string): string {
    return join(this.#directory, `${++this.#count}-${name}`);
  }

  /** The store, started when it is first asked for. Throws where none can be had. */
  store(): Promise<Store> {
    this.#store ??= this.#openStore();
    return this.#store;
  }

  async #openStore(): Promise<Store> {
    const server = await s3For({ teardown: (finish) => this.#finishers.push(finish) });
    this.#proxy = await CountingProxy.start(server.endpoint);
    this.#finishers.push(() => this.#proxy?.stop());
    return { server, proxy: this.#proxy };
  }

  /**
   * Before each measured run this tree is read, so that every tool finds it in the page cache: rclone, for one, drops from
   * there what it has read.
   */
  readBeforeRuns(directory: string): void {
    this.#sources.push(directory);
  }

  /** A tenant in a gateway and, beside it, the rivals. */
  async field(kind: Place["kind"], options: FieldOptions = {}): Promise<Field> {
    const storage = kind === "s3" ? await this.#s3Storage() : undefined;
    const gateway = await OurGateway.start(this.path("state"), storage?.place);
    const token = await gateway.createTenant(TENANT);
    const source = gateway.tenantDirectory(TENANT);
    const { bytes, files } = this.options;
    const fill = options.fill ?? ((directory) => generateTenant(directory, { seed: SEED, files, bytes }));
    const tenant = fill(source);
    this.readBeforeRuns(source);

    const ours = new OurContestant(gateway, storage);
    const contestants: Contestant[] = [ours];
    const missing: string[] = [];
    for (const tool of options.tools ?? SHELL_TOOLS) {
      if (tool.kind !== kind || options.rivals?.includes(tool.name) === false) continue;
      const absent = tool.programs.filter((program) => !this.programs.has(program));
      if (absent.length > 0) {
        missing.push(`${tool.name}: not installed here (${absent.join(", ")})`);
        continue;
      }
      const its: Storage = kind === "s3" ? await this.#s3Storage() : new LocalStorage(this.path("place"));
      const work = this.path("work");
      contestants.push(new ShellContestant({ tool, storage: its, source, work, programs: this.programs }));
    }
    const close = async () => {
      for (const contestant of contestants) await contestant.close();
    };
    return { ours, contestants, source, tenant, token, storage, missing, close };
  }

  /** Runs something on a machine at rest and measures it. @param standingPid of a process that takes part in it and exists already */
  async measure(work: (watch: Watch) => Promise<Values>, standingPid?: number): Promise<Values> {
    await settle(this.options.settleMs);
    for (const source of this.#sources) await readTree(source);
    const memory = new PeakMemory();
    try {
      if (standingPid !== undefined) memory.watchAnew(standingPid);
      const before = this.#proxy?.traffic;
      const began = performance.now();
      const values = await work((pid) => memory.watch(pid));
      const ms = performance.now() - began;
      const after = this.#proxy?.traffic;
      const traffic = before === undefined || after === undefined ? undefined : trafficSince(before, after);
      return {
        ms,
        peakBytes: memory.stop(),
        // What stays on this machine sends nothing.
        ...(traffic === undefined || traffic.requests === 0 ? {} : traffic),
        ...values,
      };
    } finally {
      memory.stop();
    }
  }

  /** Stops the store and removes the temporary directory. */
  async close(): Promise<void> {
    try {
      for (const finish of this.#finishers.reverse()) await finish();
    } finally {
      // A tenant has directories without write permission.
      await run("chmod", ["-R", "u+rwX", this.#directory]);
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  async #s3Storage(): Promise<S3Storage> {
    const { server, proxy } = await this.store();
    return S3Storage.create(server, proxy.endpoint);
  }
}

/** Reads all that is in a tree; of files with holes what is between them. */
async function readTree(directory: string): Promise<void> {
  await mustRun("sh", ["-c", 'tar -S -cf - -C "$1" . | cat > /dev/null', "sh", directory]);
}
