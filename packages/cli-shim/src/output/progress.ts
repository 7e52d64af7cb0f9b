/** A running job, shown on stderr: a bar on a terminal, else a plain line now and then. */
import cliProgress from "cli-progress";
import type { Clock } from "../clock.js";
import { isFinished, type JobView } from "../views.js";
import { formatBytes, formatDuration, plural } from "./format.js";
import { printable } from "./printable.js";
import { RateMeter } from "./rate.js";

export interface ProgressDisplay {
  update(job: JobView): void;
  /** Something about the connection, shown until the next update. */
  message(text: string): void;
  /** Takes the bar off the screen; nothing may be called afterwards. */
  stop(): void;
}

export const noProgress: ProgressDisplay = {
  update: () => undefined,
  message: () => undefined,
  stop: () => undefined,
};

/** Without a terminal, progress within one phase is told this often. */
const LINE_INTERVAL_MS = 10_000;

export class LineProgress implements ProgressDisplay {
  readonly #write: (line: string) => void;
  readonly #clock: Clock;
  readonly #rate = new RateMeter();
  #phase: string | undefined;
  #nextAt = 0;

  constructor(write: (line: string) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  update(job: JobView): void {
    const now = this.#clock.now();
    this.#rate.update(job.progress?.doneBytes ?? 0, now);
    const phase = job.state === "running" ? (job.progress?.phase ?? job.state) : job.state;
    if (isFinished(job.state) || (phase === this.#phase && now < this.#nextAt)) return;
    this.#phase = phase;
    this.#nextAt = now + LINE_INTERVAL_MS;
    this.#write(`${subject(job)}: ${[phase, ...figures(job, this.#rate)].join(", ")}`);
  }

  message(text: string): void {
    this.#write(text);
  }

  stop(): void {
    // Lines stay.
  }
}

export class BarProgress implements ProgressDisplay {
  readonly #bar: cliProgress.SingleBar;
  readonly #clock: Clock;
  readonly #rate = new RateMeter();

  constructor(stream: NodeJS.WritableStream, clock: Clock) {
    this.#clock = clock;
    this.#bar = new cliProgress.SingleBar({
      stream,
      clearOnComplete: true,
      hideCursor: true,
      barsize: 24,
      fps: 8,
      format: (_options, { progress }, payload: { text?: string; bar?: boolean }) =>
        printable(payload.bar === true ? `${drawBar(progress)} ${payload.text ?? ""}` : (payload.text ?? "")),
    });
    this.#bar.start(1, 0, { text: "waiting for the gateway" });
  }

  update(job: JobView): void {
    const { doneBytes = 0, totalBytes = 0, phase } = job.progress ?? {};
    this.#rate.update(doneBytes, this.#clock.now());
    const bar = job.state === "running" && totalBytes > 0;
    const text = [
      job.state === "running" ? (phase ?? job.state) : job.state,
      ...figures(job, this.#rate),
    ].join("  ");
    this.#bar.update(bar ? Math.min(1, doneBytes / totalBytes) : 0, {
      text: `${subject(job)}  ${text}`,
      bar,
    });
  }

  message(text: string): void {
    this.#bar.update({ text, bar: false });
  }

  stop(): void {
    this.#bar.stop();
  }
}

const BAR_CELLS = 24;

function drawBar(progress: number): string {
  const done = Math.round(progress * BAR_CELLS);
  return `[${"=".repeat(done)}${"-".repeat(BAR_CELLS - done)}]`;
}

function subject(job: JobView): string {
  return job.tenant === undefined ? job.type : `${job.tenant} ${job.type}`;
}

function figures(job: JobView, rate: RateMeter): string[] {
  const { progress } = job;
  if (job.state !== "running" || progress === undefined) return [];
  const { doneBytes, totalBytes, files, totalFiles, message } = progress;
  const parts: string[] = [];
  if (totalBytes !== undefined && totalBytes > 0 && doneBytes !== undefined) {
    parts.push(
      `${Math.floor((100 * doneBytes) / totalBytes)} %`,
      `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
    );
    const speed = rate.bytesPerSecond;
    const remaining = rate.remainingMs(totalBytes);
    if (speed !== undefined && speed > 0) parts.push(`${formatBytes(speed)}/s`);
    if (remaining !== undefined && doneBytes < totalBytes) parts.push(`${formatDuration(remaining)} left`);
  } else if (files !== undefined && files > 0) {
    parts.push(
      totalFiles === undefined || totalFiles < files
        ? plural(files, "file")
        : `${files} of ${plural(totalFiles, "file")}`,
    );
  }
  if (message !== undefined && message !== "") parts.push(message);
  return parts;
}
