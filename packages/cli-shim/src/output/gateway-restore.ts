/** What people read of a restore of the whole gateway. */
import type { UndoableRestore } from "@openclaw/gateway-core";
import type { GatewayRestoreOptions, GatewayRestoreResult } from "@openclaw/gateway-plugin-backup";
import type { Clock } from "../clock.js";
import type { JobView } from "../views.js";
import { formatBytes, formatDuration, formatTime, plural } from "./format.js";
import type { ProgressDisplay } from "./progress.js";
import { signerText } from "./signer.js";

type RestoreStep = Parameters<GatewayRestoreOptions["onProgress"]>[0];

/** Shows a restore in this process as other commands show a job. */
export class RestoreProgress {
  readonly #display: ProgressDisplay;
  readonly #job: JobView;

  constructor(display: ProgressDisplay, clock: Clock) {
    this.#display = display;
    const createdAt = new Date(clock.now()).toISOString();
    this.#job = {
      id: "",
      type: "gateway restore",
      trigger: "cli",
      actor: "admin",
      state: "running",
      createdAt,
    };
  }

  update({ part, files, contentBytes, totalContentBytes }: RestoreStep): void {
    const total = totalContentBytes === undefined ? {} : { totalBytes: totalContentBytes };
    const progress = { phase: part, doneBytes: contentBytes, files, ...total };
    this.#display.update({ ...this.#job, progress });
  }

  stop(): void {
    this.#display.stop();
  }
}

export function gatewayRestoreSummary(result: GatewayRestoreResult): string[] {
  const { dryRun, from, createdAt, tenants, totals, replaced, undoUntil, signedBy, durationMs } = result;
  const verb = dryRun ? "would be restored (dry run: nothing was written)" : "restored";
  const made = createdAt === undefined ? "" : `, made ${formatTime(createdAt)}`;
  const whose = tenants === undefined ? "" : `${plural(tenants, "tenant")}, `;
  const figures = `${whose}${plural(totals.files, "file")}, ${formatBytes(totals.contentBytes)}`;
  const lines = [
    `gateway: ${verb} from ${from}${made}: ${figures} in ${formatDuration(durationMs)}`,
    `signed by ${signerText(signedBy)}`,
  ];
  if (dryRun) return replaced ? [...lines, "a state is there: the restore needs --force"] : lines;
  const kept = replaced ? "what it replaced is kept" : "it can be taken back";
  return [
    ...lines,
    `${kept} until ${formatTime(undoUntil ?? "")}: \`openclaw gateway restore --undo\``,
    "start it: `openclaw gateway run`; then look at `openclaw status`",
  ];
}

export function gatewayUndoSummary({ kind, from, at }: UndoableRestore): string[] {
  const when = formatTime(new Date(at).toISOString());
  return [
    `gateway: the ${kind} of ${when} (${from}) was taken back; what stood there is kept: the same command brings it back`,
  ];
}
