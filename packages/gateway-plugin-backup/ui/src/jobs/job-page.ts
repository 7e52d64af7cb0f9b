import { baseStyles, dateTime, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { notifyError } from "../notify-error.js";
import { jobLog } from "./job-log.js";
import "./job-progress.js";
import { tookOf, TRIGGERS } from "./job-table.js";
import { apiRoot, isOver, typeWord, type Accepted, type JobView } from "./job-view.js";
import { jsonFacts } from "./json-facts.js";
import { canRepeat, repeatJob } from "./repeat-job.js";

/** One job: what was asked, how it goes, and what came of it. */
export class JobPage extends LitElement {
  static override properties = {
    host: { attribute: false },
    job: { attribute: false },
    current: { state: true },
    isBusy: { state: true },
  };
  declare host: UiHost;
  /** The job's id. */
  declare job: string;
  declare current: JobView | undefined;
  declare isBusy: boolean;

  constructor() {
    super();
    this.current = undefined;
    this.isBusy = false;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("job")) this.current = undefined;
  }

  protected override render(): TemplateResult {
    const { current } = this;
    return html`<div class="stack">
      <div class="stack tight">
        <p class="small"><a href=${this.host.href("jobs")}>Jobs</a></p>
        <h1>
          ${current === undefined ? "Job" : typeWord(current.type)}
          ${current?.tenant === undefined ? nothing : html`<bdi class="name">${current.tenant}</bdi>`}
        </h1>
      </div>
      <section class="card">
        <oc-job-progress
          .host=${this.host}
          .job=${this.job}
          @changed=${({ detail }: CustomEvent<JobView>) => (this.current = detail)}
        ></oc-job-progress>
      </section>
      ${current === undefined ? nothing : this.#renderJob(current)}
    </div>`;
  }

  #renderJob(job: JobView): TemplateResult {
    const { createdAt, startedAt, finishedAt, trigger, actor, tenant, result, request, id } = job;
    return html`${this.#renderActions(job)} ${this.#renderUndo(job)}
      ${this.#renderToken(result?.["newToken"])}
      <section class="card stack tight" aria-labelledby="facts">
        <h2 id="facts">Job</h2>
        <dl class="facts">
          <dt>Id</dt>
          <dd><code>${id}</code></dd>
          ${
            tenant === undefined
              ? nothing
              : html`<dt>Tenant</dt>
                  <dd>
                    <a class="name" href=${this.host.href(`tenants/${encodeURIComponent(tenant)}`)}
                      >${tenant}</a
                    >
                  </dd>`
          }
          <dt>Started by</dt>
          <dd class="name">${actor}, by ${TRIGGERS[trigger] ?? trigger}</dd>
          <dt>Asked for</dt>
          <dd>${dateTime(createdAt)}</dd>
          ${
            startedAt === undefined
              ? nothing
              : html`<dt>Begun</dt>
                  <dd>${dateTime(startedAt)}</dd>`
          }
          ${
            finishedAt === undefined
              ? nothing
              : html`<dt>Ended</dt>
                  <dd>${dateTime(finishedAt)}, after ${tookOf(job) ?? "no time"}</dd>`
          }
        </dl>
      </section>
      ${jobLog(job)}
      ${
        Object.keys(request).length === 0
          ? nothing
          : html`<section class="card stack tight" aria-labelledby="request">
              <h2 id="request">Request</h2>
              ${jsonFacts(request)}
            </section>`
      }
      ${
        result === undefined
          ? nothing
          : html`<section class="card stack tight" aria-labelledby="result">
              <h2 id="result">Result</h2>
              ${jsonFacts(withoutToken(result))}
            </section>`
      }`;
  }

  #renderActions(job: JobView): TemplateResult | typeof nothing {
    if (!isOver(job)) return nothing;
    const canUndo = undoable(job) && this.host.viewer.kind === "admin";
    const again = canRepeat(this.host, job) && (job.state !== "succeeded" || job.request["dryRun"] === true);
    const archive = job.result?.["archiveId"];
    if (!canUndo && !again && typeof archive !== "string") return nothing;
    return html`<div class="row">
      ${
        typeof archive === "string"
          ? html`<a class="button" href=${this.host.href(`archives/${encodeURIComponent(archive)}`)}
              >Look inside the archive</a
            >`
          : nothing
      }
      ${
        again
          ? html`<button type="button" ?disabled=${this.isBusy} @click=${() => void this.#again(job)}>
              ${job.state === "succeeded" ? "Run it again" : "Retry"}
            </button>`
          : nothing
      }
      ${
        canUndo
          ? html`<button
              type="button"
              class="danger"
              ?disabled=${this.isBusy}
              @click=${() => this.renderRoot.querySelector("dialog")?.showModal()}
            >
              Undo…
            </button>`
          : nothing
      }
    </div>`;
  }

  #renderUndo(job: JobView): TemplateResult {
    return html`<dialog aria-labelledby="undo">
      <form method="dialog" class="stack" @submit=${() => void this.#undo(job)}>
        <h2 id="undo">Undo?</h2>
        <p>
          ${
            job.type === "prune"
              ? "The archives that this prune put into the trash come back."
              : "What was replaced comes back. What was put in its place goes to the trash."
          }
        </p>
        <div class="row">
          <button class="danger">Undo</button>
          <button type="button" @click=${() => this.renderRoot.querySelector("dialog")?.close()}>
            Leave it as it is
          </button>
        </div>
      </form>
    </dialog>`;
  }

  #renderToken(token: unknown): TemplateResult | typeof nothing {
    if (typeof token !== "string") return nothing;
    return html`<div class="card stack tight" role="status">
      <h2>New token</h2>
      <p>The job made a token for the tenant. It is shown only now.</p>
      <code class="name">${token}</code>
    </div>`;
  }

  async #again(job: JobView): Promise<void> {
    await this.#go(() => repeatJob(this.host, job));
  }

  async #undo(job: JobView): Promise<void> {
    if (job.type === "prune") {
      await this.#undoPrune(job);
      return;
    }
    await this.#go(async () => {
      const path = `${apiRoot(this.host)}/restores/${encodeURIComponent(job.id)}/undo`;
      return (await this.host.api.send<Accepted>("POST", path)).job.id;
    });
  }

  async #undoPrune({ id }: JobView): Promise<void> {
    this.isBusy = true;
    try {
      const path = `${apiRoot(this.host)}/prunes/${encodeURIComponent(id)}/undo`;
      const { archives } = await this.host.api.send<{ archives: unknown[] }>("POST", path);
      this.host.notify({ kind: "success", text: `Archives that are back: ${archives.length}.` });
    } catch (error) {
      notifyError(this.host, error);
    }
    this.isBusy = false;
  }

  /** Starts a job and goes to its page. */
  async #go(start: () => Promise<string>): Promise<void> {
    this.isBusy = true;
    try {
      this.host.navigate(`jobs/${encodeURIComponent(await start())}`);
    } catch (error) {
      notifyError(this.host, error);
    }
    this.isBusy = false;
  }

  static override styles = [
    baseStyles,
    css`
      dl dl {
        margin-block: 0.25rem;
      }
      dd ul {
        margin: 0.25rem 0 0;
        padding-inline-start: 1.25rem;
      }
    `,
  ];
}

function withoutToken({
  newToken,
  ...result
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return result;
}

/** A restore that has put something in its place, an undo, and a prune that put archives into the trash. */
function undoable({ type, state, request, result }: JobView): boolean {
  if (state !== "succeeded" || request["dryRun"] === true) return false;
  if (type === "prune") return Number(result?.["trashed"] ?? 0) > 0;
  return type === "restore" || type === "undo";
}

customElements.define("oc-backup-job", JobPage);
