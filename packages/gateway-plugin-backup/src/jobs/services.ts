/** What the jobs need, gathered once when the plugin is set up. */
import { join } from "node:path";
import type { JobTrigger, PluginHost } from "@openclaw/gateway-core";
import type { BackupConfig } from "../config.js";
import { ArchivesInUse } from "./archives-in-use.js";
import { Destinations } from "./destinations.js";
import { discardUpload } from "./discard-upload.js";
import { JobEngine } from "./engine.js";
import { IdMaker } from "./ids.js";
import { KnownAbilities } from "./known-abilities.js";
import { checkConfiguredZones } from "./retention/policy.js";
import { Ledger } from "./ledger/ledger.js";
import { movePaths } from "./path-swap-place.js";
import { TenantSwap } from "./swap.js";
import { JobThreads } from "./thread/pool.js";
import { systemTimer } from "./timer.js";
import { TokenReservations } from "./token-reservations.js";
import { Trash } from "./trash.js";
import { Views } from "./views.js";
import { isTerminal, type JobRecord, type JobSubmission } from "./types.js";

export interface Services {
  readonly host: PluginHost;
  readonly config: BackupConfig;
  readonly destinations: Destinations;
  readonly ledger: Ledger;
  readonly engine: JobEngine;
  readonly threads: JobThreads;
  readonly swap: TenantSwap;
  readonly trash: Trash;
  readonly ids: IdMaker;
  readonly tokenReservations: TokenReservations;
  readonly knownAbilities: KnownAbilities;
  readonly archivesInUse: ArchivesInUse;
  readonly views: Views;
  /** Hands a job to the engine and tells `onEnded` listeners of its end. Throws what `JobEngine.submit` throws. */
  start(submission: JobSubmission): { readonly job: JobRecord; readonly joined: boolean };
  readonly onEnded: (listener: (job: JobRecord) => void) => void;
}

/** Who asks for a job, and through what. */
export interface Caller {
  /** `admin`, or `tenant:<id>`. */
  readonly actor: string;
  readonly trigger: JobTrigger;
}

const HOUR_MS = 3_600_000;

/** Opens the ledger and makes everything that works on it. Throws `LEDGER_UNUSABLE`, `DESTINATION_UNKNOWN`, `REQUEST_INVALID`. */
export function openServices(host: PluginHost, config: BackupConfig): Services {
  const { clock, log, paths, tenants } = host;
  const destinations = new Destinations({
    config,
    env: host.env,
    embedded: paths.backups,
    resolveSecret: (reference) => host.resolveSecret(reference),
  });
  checkConfiguredZones(config);
  const threads = new JobThreads();
  const ledger = Ledger.open(join(paths.backup, "ledger.sqlite"));
  const engine = new JobEngine({
    ledger,
    tenants,
    clock,
    timer: systemTimer,
    log,
    concurrency: config.concurrency,
    discardUpload: (upload, signal) => discardUpload({ threads, destinations }, upload, signal),
  });
  const listeners: ((job: JobRecord) => void)[] = [];
  return {
    host,
    config,
    destinations,
    ledger,
    engine,
    threads,
    swap: new TenantSwap({
      ledger,
      clock,
      paths,
      trashMs: config.trashHours * HOUR_MS,
      movePaths: (swap, direction) => movePaths(threads, swap, direction),
    }),
    trash: new Trash({ ledger, clock, log }),
    ids: new IdMaker(clock),
    tokenReservations: new TokenReservations(tenants),
    knownAbilities: new KnownAbilities(),
    archivesInUse: new ArchivesInUse(),
    views: new Views(),
    start: (submission) => {
      const started = engine.submit(submission);
      if (!started.joined) {
        engine.subscribe(started.job.id, (job) => {
          if (isTerminal(job.state)) for (const listener of listeners) listener(job);
        });
      }
      return started;
    },
    onEnded: (listener) => listeners.push(listener),
  };
}
