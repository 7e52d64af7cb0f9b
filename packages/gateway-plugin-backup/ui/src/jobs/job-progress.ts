import { ApiError, baseStyles, bytes, count, defineProblem, duration, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { followJob } from "./follow-job.js";
import { jobState } from "./job-state.js";
import { apiRoot, isOver, phaseWord, stateWord, typeWord, type JobView } from "./job-view.js";
import { jobWarnings } from "./job-warnings.js";
import { TransferRate } from "./transfer-rate.js";

defineProblem();

/** Who hears the page is told of each quarter. */
const TOLD_PERCENT = 25;

/**
 * Follows one job: its phase, how far it is, its rate, the time left, and in the end what came of it.
 *
 * Dispatches `changed` and, once, `ended`, both with the job as `detail`. Where somebody listens to `retry`, a job that failed has a
 * button for it.
 */
export class JobProgressElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    job: { attribute: false },
    current: { state: true },
    problem: { state: true },
    isLost: { state: true },
    isCancelling: { state: true },
    canRetry: { state: true },
  };
  declare host: UiHost;
  /** The job's id. */
  declare job: string;
  declare current: JobView | undefined;
  /** Why it cannot be followed. */
  declare problem: unknown;
  declare isLost: boolean;
  declare isCancelling: boolean;
  declare canRetry: boolean;
  #following: AbortController | undefined;
  #rate = new TransferRate();

  constructor() {
    super();
    this.current = undefined;
    this.problem = undefined;
    this.isLost = false;
    this.isCancelling = false;
    this.canRetry = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated && this.#following === undefined) void this.#follow();
  }

  override disconnectedCallback(): void {
    this.#stop();
    super.disconnectedCallback();
  }

  /** Also notes whether there is somebody who can try again. */
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void {
    if (type === "retry") this.canRetry = true;
    super.addEventListener(type, listener, options);
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("job")) void this.#follow();
  }

  #stop(): void {
    this.#following?.abort();
    this.#following = undefined;
  }

  async #follow(): Promise<void> {
    this.#stop();
    const following = new AbortController();
    this.#following = following;
    this.current = undefined;
    this.problem = undefined;
    this.isCancelling = false;
    this.#rate = new TransferRate();
    try {
      for await (const job of followJob(this.host, this.job, following.signal)) {
        if (following.signal.aborted) return;
        this.#take(job);
      }
    } catch (error) {
      if (!following.signal.aborted) this.problem = error;
    }
  }

  #take(job: JobView | undefined): void {
    this.isLost = job === undefined;
    if (job === undefined) return;
    if (job.progress !== undefined) this.#rate.add(job.progress.doneBytes, Date.now());
    this.current = job;
    this.dispatchEvent(new CustomEvent("changed", { detail: job }));
    if (isOver(job)) this.dispatchEvent(new CustomEvent("ended", { detail: job }));
  }

  protected override render(): TemplateResult {
    if (this.problem !== undefined) return html`<oc-problem .error=${this.problem}></oc-problem>`;
    const job = this.current;
    if (job === undefined)
      return html`<p class="muted" aria-busy="true">${this.isLost ? "Connecting again…" : "Loading…"}</p>`;
    return html`<div class="stack tight">
      <p class="visually-hidden" role="status">${told(job)}</p>
      ${isOver(job) ? this.#renderEnd(job) : this.#renderRunning(job)} ${jobWarnings(job.warnings)}
    </div>`;
  }

  #renderRunning(job: JobView): TemplateResult {
    const { progress } = job;
    const percent = percentOf(job);
    return html`<div class="row spread">
        <span>${phaseOf(job)}</span>
        <button type="button" ?disabled=${this.isCancelling} @click=${this.#cancel}>
          ${this.isCancelling ? "Cancelling…" : "Cancel"}
        </button>
      </div>
      <progress
        aria-label="${typeWord(job.type)}, how far it is"
        max="100"
        value=${percent ?? nothing}
      ></progress>
      <p class="small muted figures">
        ${this.isLost ? "The connection is lost. Trying again…" : (figures(job, this.#rate) ?? " ")}
      </p>
      ${progress?.message === undefined ? nothing : html`<p class="small">${progress.message}</p>`}`;
  }

  #renderEnd(job: JobView): TemplateResult {
    const { error, startedAt = job.createdAt, finishedAt = startedAt } = job;
    const took = new Date(finishedAt).getTime() - new Date(startedAt).getTime();
    return html`<p class="row">
        ${jobState(job.state)} <span class="muted small">after ${duration(took)}</span>
      </p>
      ${
        error === undefined || job.state === "cancelled"
          ? nothing
          : html`<oc-problem
              .error=${new ApiError(0, error.code, error.message, error.hint)}
              ?can-retry=${this.canRetry}
              @retry=${() => this.dispatchEvent(new CustomEvent("retry", { detail: job }))}
            ></oc-problem>`
      }`;
  }

  readonly #cancel = async (): Promise<void> => {
    this.isCancelling = true;
    try {
      await this.host.api.send("POST", `${apiRoot(this.host)}/jobs/${encodeURIComponent(this.job)}/cancel`);
    } catch (error) {
      this.isCancelling = false;
      const { message, hint } =
        error instanceof ApiError ? error : { message: String(error), hint: undefined };
      this.host.notify({ kind: "error", text: message, ...(hint === undefined ? {} : { hint }) });
    }
  };

  static override styles = [
    baseStyles,
    css`
      progress {
        width: 100%;
        height: 0.625rem;
        appearance: none;
        border: none;
        border-radius: 1rem;
        background: var(--oc-hover);
        overflow: hidden;
      }
      progress::-webkit-progress-bar {
        background: var(--oc-hover);
      }
      progress::-webkit-progress-value {
        background: var(--oc-accent);
        transition: width 0.25s;
      }
      progress::-moz-progress-bar {
        background: var(--oc-accent);
      }
      .figures {
        min-height: 1.5em;
        font-variant-numeric: tabular-nums;
      }
      ul {
        margin: 0.25rem 0 0;
        padding-inline-start: 1.25rem;
      }
      li {
        overflow-wrap: anywhere;
      }
    `,
  ];
}

/** Rounded down: done is done. */
function percentOf({ progress }: JobView): number | undefined {
  if (progress?.totalBytes === undefined || progress.totalBytes === 0) return undefined;
  return Math.floor((100 * Math.min(progress.doneBytes, progress.totalBytes)) / progress.totalBytes);
}

function phaseOf(job: JobView): string {
  if (job.state === "queued") return "Waiting for its turn";
  return job.progress === undefined ? "Starting" : phaseWord(job.progress.phase);
}

function told(job: JobView): string {
  if (isOver(job)) return `${typeWord(job.type)}: ${stateWord(job.state)}`;
  const percent = percentOf(job) ?? 0;
  const quarter = percent - (percent % TOLD_PERCENT);
  return `${typeWord(job.type)}: ${phaseOf(job)}${quarter === 0 ? "" : `, ${quarter} %`}`;
}

function figures(job: JobView, rate: TransferRate): string | undefined {
  const { progress } = job;
  if (progress === undefined || job.state !== "running") return undefined;
  const { doneBytes, totalBytes, files, totalFiles, storedBytes } = progress;
  const percent = percentOf(job);
  const speed = rate.bytesPerSecond;
  const left = totalBytes === undefined ? undefined : rate.timeLeft(totalBytes);
  return [
    ...(percent === undefined || totalBytes === undefined
      ? []
      : [`${percent} %`, `${bytes(doneBytes)} of ${bytes(totalBytes)}`]),
    ...(files === 0
      ? []
      : [`${count(files)}${totalFiles === undefined ? "" : ` of ${count(totalFiles)}`} files`]),
    ...(storedBytes === 0 || job.type !== "backup" ? [] : [`${bytes(storedBytes)} stored`]),
    ...(speed === undefined || speed <= 0 ? [] : [`${bytes(speed)}/s`]),
    ...(left === undefined ? [] : [`about ${duration(left)} left`]),
  ].join(" · ");
}

customElements.define("oc-job-progress", JobProgressElement);
