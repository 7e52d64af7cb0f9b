import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Test } from "tap";
import { Value } from "@openclaw/schema";
import { writeToMemory, type WrittenArchive } from "../archive/testing/write-to-memory.js";
import { BackupConfigSchema, type BackupConfig } from "../config.js";
import { ArchivesInUse } from "../jobs/archives-in-use.js";
import { Destinations } from "../jobs/destinations.js";
import { Ledger } from "../jobs/ledger/ledger.js";
import type { ArchiveRecord } from "../jobs/ledger/archives.js";
import { LiveJob } from "../jobs/live-job.js";
import type { RemovalServices } from "../jobs/removal.js";
import { remove } from "../jobs/thread/remove-archives.js";
import type { RemoveOperation, RemoveOutcome } from "../jobs/thread/protocol.js";
import { LocalStore } from "../stores/local/local-store.js";
import { openStore } from "../stores/open.js";
import type { LocalStoreSettings } from "../stores/settings.js";
import { FakeTime } from "./fake-time.js";
import { atCall, watched } from "./interruption.js";
import { MemoryLog } from "./memory-log.js";

/** The one archive that every bench stores. */
let written: Promise<WrittenArchive> | undefined;

/** Threads whose only operation is the one that a removal runs. */
export function removing(
  work: (request: RemoveOperation, signal: AbortSignal) => Promise<readonly RemoveOutcome[]>,
): RemovalServices["threads"] {
  const run = (_operation: string, request: unknown, { signal }: { readonly signal: AbortSignal }) =>
    work(request as RemoveOperation, signal);
  return { run };
}

/** A ledger, and a local store with archives that stand in it. */
export class RemovalBench {
  readonly directory: string;
  readonly store: LocalStoreSettings;
  readonly ledger: Ledger;
  readonly log = new MemoryLog();
  readonly time = new FakeTime();
  /** What the gateway's config says besides. */
  config: object = { trashHours: 0 };
  readonly #bytes: Buffer;
  readonly #indexSha256: string;

  private constructor(t: Test, directory: string, bytes: Buffer, indexSha256: string) {
    this.directory = path.join(directory, "backups");
    this.store = { kind: "local", roots: [this.directory] };
    this.#bytes = bytes;
    this.#indexSha256 = indexSha256;
    this.ledger = Ledger.open(path.join(directory, "ledger.sqlite"));
    t.teardown(() => this.ledger.close());
    this.ledger.jobs.insert({
      id: "j1",
      type: "backup",
      tenant: "acme",
      trigger: "api",
      actor: "admin",
      request: {},
      state: "queued",
      createdAt: 1,
      warnings: [],
    });
  }

  static async make(t: Test): Promise<RemovalBench> {
    const directory = t.testdir({ acme: { "a.jsonl": "{}\n" }, backups: {} });
    const { bytes, summary } = await (written ??= writeToMemory(path.join(directory, "acme")));
    return new RemovalBench(t, directory, bytes, summary.indexSha256);
  }

  file(id: string): string {
    return path.join(this.directory, `${id}.tar.zst`);
  }

  /** Stores an archive and adds it to the catalogue. */
  async add(id: string, changes: Partial<ArchiveRecord> = {}): Promise<ArchiveRecord> {
    const file = this.file(id);
    writeFileSync(file, this.#bytes);
    const object = await new LocalStore(this.store).head(file);
    if (object === undefined) throw new Error(`${file} is not there.`);
    this.ledger.archives.add({
      id,
      jobId: "j1",
      tenant: "acme",
      tenantUid: "u1",
      location: file,
      storeKind: "local",
      endpoint: "",
      bucket: "",
      key: file,
      size: object.size,
      etag: object.etag,
      indexSha256: this.#indexSha256,
      formatVersion: 1,
      createdAt: this.time.now(),
      totals: {
        entries: 1,
        files: 1,
        directories: 0,
        symlinks: 0,
        contentBytes: 1,
        segments: 3,
        tarBytes: 2560,
      },
      state: "good",
      checkedAt: this.time.now(),
      ...changes,
    });
    return this.record(id);
  }

  record(id: string): ArchiveRecord {
    const record = this.ledger.archives.get(id);
    if (record === undefined) throw new Error(`Archive ${id} is not in the catalogue.`);
    return record;
  }

  /** The job `j1`, running: `context()` is what its work gets, `record` what it has come to. */
  job(): LiveJob {
    const record = this.ledger.jobs.get("j1");
    if (record === undefined) throw new Error("Job j1 is not in the ledger.");
    const submission = { ...record, run: () => Promise.resolve({ result: {} }) };
    const { ledger, time, log } = this;
    return new LiveJob(record, submission, { ledger, clock: time, timer: time.timer, log });
  }

  /** A gateway's services, as a start makes them; operations run in this thread. */
  services(changes: Partial<RemovalServices> = {}): RemovalServices {
    const config = Value.Default(BackupConfigSchema, {
      localRoots: [this.directory],
      ...this.config,
    }) as BackupConfig;
    return {
      archivesInUse: new ArchivesInUse(),
      config,
      destinations: new Destinations({
        config,
        env: {},
        embedded: this.directory,
        resolveSecret: () => "",
      }),
      ledger: this.ledger,
      threads: removing((request, signal) => remove(request, { openStore, signal })),
      host: { clock: this.time, log: this.log },
      ...changes,
    };
  }

  /** As if the process had died before the n-th call to ledger or thread, or before the thread's n-th answer. */
  dyingServices(n: number): { readonly services: RemovalServices; readonly died: () => boolean } {
    const when = atCall(n);
    let dead = false;
    const step = (call: string): void => {
      dead ||= when(call);
      if (dead) throw new Error("dead");
    };
    const { ledger, threads } = this.services();
    const services = this.services({
      ledger: {
        archives: watched(ledger.archives, step),
        transaction: (work) => {
          step("transaction");
          return ledger.transaction(work);
        },
      },
      threads: {
        run: async (operation, request, options) => {
          step("run");
          const result = await threads.run(operation, request, options);
          step("answer");
          return result;
        },
      },
    });
    return { services, died: () => dead };
  }
}
