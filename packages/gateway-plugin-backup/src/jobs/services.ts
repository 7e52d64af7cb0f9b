/** What the jobs need, gathered once when the plugin is set up. */
import { join } from "node:path";
import type { JobTrigger, PluginHost } from "@openclaw/gateway-core";
import type { BackupConfig } from "../config.js";
import { AddressGuard } from "../stores/address-guard.js";
import { AbsenceWatch } from "./alerts/absence.js";
import { Alerts } from "./alerts/alerts.js";
import type { Channel } from "./alerts/channel.js";
import { openChannels } from "./alerts/channels.js";
import { Outbox } from "./alerts/outbox.js";
import { ArchivesInUse } from "./archives-in-use.js";
import { Destinations } from "./destinations.js";
import { discardUpload } from "./discard-upload.js";
import { JobEngine } from "./engine.js";
import { IdMaker } from "./ids.js";
import { KnownAbilities } from "./known-abilities.js";
import { checkConfiguredZones } from "./retention/policy.js";
import { Ledger } from "./ledger/ledger.js";
import { Signatures } from "./signatures.js";
import { signingKeyFile, SigningKeyFile } from "./signing-key.js";
import { movePaths } from "./path-swap-place.js";
import { Pipes } from "./pipes.js";
import { PostRestore } from "./post-restore.js";
import { checkConfiguredRecipients } from "./configured-recipients.js";
import { TenantSwap } from "./swap.js";
import { TenantLayout } from "./tenant-layout.js";
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
  readonly pipes: Pipes;
  readonly ledger: Ledger;
  readonly engine: JobEngine;
  readonly threads: JobThreads;
  readonly signatures: Signatures;
  readonly swap: TenantSwap;
  readonly layout: TenantLayout;
  readonly trash: Trash;
  readonly ids: IdMaker;
  readonly tokenReservations: TokenReservations;
  readonly knownAbilities: KnownAbilities;
  readonly archivesInUse: ArchivesInUse;
  readonly views: Views;
  readonly postRestore: PostRestore;
  /** `alerts.raise({ kind: "damaged", tenant, archive, message })` tells people; see there. */
  readonly alerts: Alerts;
  readonly channels: readonly Channel[];
  readonly outbox: Outbox;
  readonly absence: AbsenceWatch;
  /** Hands a job to the engine and tells `onStarted` and `onEnded` listeners of its way. Throws what `JobEngine.submit` throws. */
  start(submission: JobSubmission): { readonly job: JobRecord; readonly joined: boolean };
  readonly onStarted: (listener: (job: JobRecord) => void) => void;
  readonly onEnded: (listener: (job: JobRecord) => void) => void;
}

/** Who asks for a job, and through what. */
export interface Caller {
  /** `admin`, or `tenant:<id>`. */
  readonly actor: string;
  readonly trigger: JobTrigger;
}

const HOUR_MS = 3_600_000;

/** Where the ledger is. */
export function ledgerFile({ backup }: Pick<PluginHost["paths"], "backup">): string {
  return join(backup, "ledger.sqlite");
}

/**
 * Opens the ledger and makes everything that works on it. Throws `LEDGER_UNUSABLE`, `DESTINATION_UNKNOWN`, `REQUEST_INVALID`.
 *
 * @param openLedger Default: the gateway's own.
 */
export function openServices(
  host: PluginHost,
  config: BackupConfig,
  openLedger: () => Ledger = () => Ledger.open(ledgerFile(host.paths)),
): Services {
  const { clock, log, paths, tenants } = host;
  const destinations = new Destinations({
    config,
    env: host.env,
    embedded: paths.backups,
    resolveSecret: (reference) => host.resolveSecret(reference),
  });
  checkConfiguredZones(config);
  checkConfiguredRecipients(config);
  const keyFile = new SigningKeyFile(signingKeyFile(paths.backup));
  const signatures = new Signatures(keyFile, config.signatures);
  const threads = new JobThreads();
  const ledger = openLedger();
  const engine = new JobEngine({
    ledger,
    tenants,
    clock,
    timer: systemTimer,
    log,
    concurrency: config.concurrency,
    discardUpload: (upload, signal) => discardUpload({ threads, destinations }, upload, signal),
  });
  const ids = new IdMaker(clock);
  const channels = openChannels(config.notify, {
    clock,
    resolveSecret: (reference) => host.resolveSecret(reference),
    guard: new AddressGuard(config.network.allow),
  });
  const alerts = new Alerts({ ledger, tenants, clock, log, ids, channels });
  const onStarted: ((job: JobRecord) => void)[] = [];
  const onEnded: ((job: JobRecord) => void)[] = [];
  const tellOf = (jobId: string): void => {
    let hasStarted = false;
    engine.subscribe(jobId, (job) => {
      if (job.startedAt !== undefined && !hasStarted) {
        hasStarted = true;
        for (const listener of onStarted) listener(job);
      }
      if (isTerminal(job.state)) for (const listener of onEnded) listener(job);
    });
  };
  return {
    host,
    config,
    destinations,
    pipes: new Pipes(config.pipe, host.env),
    ledger,
    engine,
    threads,
    signatures,
    swap: new TenantSwap({
      ledger,
      clock,
      paths,
      trashMs: config.trashHours * HOUR_MS,
      movePaths: (swap, direction) => movePaths(threads, swap, direction),
    }),
    layout: new TenantLayout(),
    trash: new Trash({ ledger, clock, log }),
    ids,
    tokenReservations: new TokenReservations(tenants),
    knownAbilities: new KnownAbilities(),
    archivesInUse: new ArchivesInUse(),
    views: new Views(),
    postRestore: new PostRestore(host, threads),
    alerts,
    channels,
    outbox: new Outbox({ ledger, clock, log, channels }),
    absence: new AbsenceWatch({ host, ledger, alerts, config: config.absence }),
    start: (submission) => {
      const started = engine.submit(submission);
      if (!started.joined) tellOf(started.job.id);
      return started;
    },
    onStarted: (listener) => onStarted.push(listener),
    onEnded: (listener) => onEnded.push(listener),
  };
}
