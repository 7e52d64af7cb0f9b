import {
  baseStyles,
  bytes,
  count,
  dateTime,
  defineProblem,
  relativeTime,
  type UiHost,
  shownName,
} from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { holds } from "../archive/archive-facts.js";
import { apiRoot, type Accepted, type JobView } from "../jobs/job-view.js";
import "../jobs/job-progress.js";
import type { RestoreCall, RestoreResult } from "./plan.js";
import "./checklist.js";
import "./shown-token.js";

defineProblem();

/** Runs a restore, shows what is to be done after it, and takes it back if that is asked for. */
export class RestoreRunElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    call: { attribute: false },
    job: { state: true },
    result: { state: true },
    undoJob: { state: true },
    undone: { state: true },
    isAsking: { state: true },
    problem: { state: true },
  };
  declare host: UiHost;
  declare call: RestoreCall;
  declare job: string | undefined;
  declare result: RestoreResult | undefined;
  declare undoJob: string | undefined;
  declare undone: RestoreResult | undefined;
  /** Whether an undo is meant. */
  declare isAsking: boolean;
  declare problem: unknown;

  constructor() {
    super();
    this.job = undefined;
    this.result = undefined;
    this.undoJob = undefined;
    this.undone = undefined;
    this.isAsking = false;
    this.problem = undefined;
  }

  protected override firstUpdated(): void {
    void this.#start();
  }

  async #start(): Promise<void> {
    this.problem = undefined;
    try {
      const { path, body } = this.call;
      this.job = (await this.host.api.send<Accepted>("POST", path, body)).job.id;
    } catch (error) {
      this.problem = error;
    }
  }

  readonly #ended = async ({ detail }: CustomEvent<JobView>): Promise<void> => {
    if (detail.state !== "succeeded") return;
    // One that is followed a second time does not give its token again.
    this.result ??= detail.result ?? {};
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("#done")?.focus();
  };

  readonly #undo = async (): Promise<void> => {
    this.isAsking = false;
    this.problem = undefined;
    try {
      const path = `${apiRoot(this.host)}/restores/${encodeURIComponent(this.job ?? "")}/undo`;
      this.undoJob = (await this.host.api.send<Accepted>("POST", path)).job.id;
    } catch (error) {
      this.problem = error;
    }
  };

  readonly #undoEnded = ({ detail }: CustomEvent<JobView>): void => {
    if (detail.state === "succeeded") this.undone = detail.result ?? {};
  };

  protected override render(): TemplateResult {
    const { result } = this;
    return html`<div class="stack">
      <oc-problem
        .error=${this.problem}
        ?can-retry=${this.job === undefined}
        @retry=${() => void this.#start()}
      ></oc-problem>
      ${
        this.job === undefined
          ? nothing
          : html`<div class="card">
              <oc-job-progress
                .host=${this.host}
                .job=${this.job}
                @ended=${this.#ended}
                @retry=${() => void this.#start()}
              ></oc-job-progress>
            </div>`
      }
      ${result === undefined ? nothing : this.#renderDone(result)}
    </div>`;
  }

  #renderDone(result: RestoreResult): TemplateResult {
    const { host } = this;
    const { tenant = "", totals, into } = result;
    const isWhole = result.token !== undefined;
    if (this.undone !== undefined) return html`${this.#renderUndo(result)}`;
    return html`<h3 id="done" tabindex="-1">
        ${isWhole ? html`<bdi class="name">${tenant}</bdi> is restored` : html`The paths are restored`}
      </h3>
      ${
        totals === undefined
          ? nothing
          : html`<p class="muted">
              ${holds({ totals: { entries: 0, ...totals } })}, ${bytes(totals.contentBytes)}
            </p>`
      }
      ${
        result.newToken === undefined
          ? nothing
          : html`<oc-shown-token .host=${host} .token=${result.newToken}></oc-shown-token>`
      }
      ${result.checklist === undefined ? nothing : html`<oc-restore-checklist .items=${result.checklist}></oc-restore-checklist>`}
      <section class="card stack tight" aria-labelledby="todo">
        <h3 id="todo">What to do now</h3>
        <ul>
          ${isWhole ? html`<li>${tokenText(result)}</li>` : nothing}
          ${
            into === undefined
              ? nothing
              : html`<li>
                  The files are in <code><bdi class="name">${shownName(into)}</bdi></code
                  >.
                </li>`
          }
          ${
            (result.schedulesDisabled ?? 0) === 0
              ? nothing
              : html`<li>
                  ${count(result.schedulesDisabled ?? 0)}
                  ${result.schedulesDisabled === 1 ? "schedule is" : "schedules are"} off. Turn on those that
                  the copy is to have.
                </li>`
          }
          ${(result.rePair ?? []).map(
            (name) => html`<li>Pair the channel <bdi class="name">${shownName(name)}</bdi> again.</li>`,
          )}
          <li>
            Look at <a href=${host.href(`tenants/${encodeURIComponent(tenant)}`)}>the tenant</a>, and try it
            with its client.
          </li>
        </ul>
      </section>
      ${this.#renderUndo(result)}`;
  }

  #renderUndo(result: RestoreResult): TemplateResult | typeof nothing {
    const { undone, undoJob, host } = this;
    if (result.undo === undefined) return nothing;
    if (undone !== undefined)
      return html`<p role="status">
          <span class="badge good"><span aria-hidden="true">✓</span>Undone</span>
          ${undone.present === false ? "The tenant is gone again." : "Everything is as it was before the restore."}
        </p>
        ${undone.newToken === undefined ? nothing : html`<oc-shown-token .host=${host} .token=${undone.newToken}></oc-shown-token>`}`;
    return html`<section class="card stack tight" aria-labelledby="undo">
      <h3 id="undo">Undo</h3>
      <p>
        ${result.replaced === true ? "What was replaced is kept" : "The restore can be taken back"}${
          result.undoUntil === undefined
            ? nothing
            : html` until <time datetime=${result.undoUntil}>${dateTime(result.undoUntil)}</time>
                <span class="muted">(${relativeTime(result.undoUntil)})</span>`
        }.
      </p>
      ${
        undoJob !== undefined
          ? html`<oc-job-progress
              .host=${host}
              .job=${undoJob}
              @ended=${this.#undoEnded}
              @retry=${() => void this.#undo()}
            ></oc-job-progress>`
          : this.isAsking
            ? html`<p>
                  What the tenant has done since the restore goes away with it, and is kept for a while, too.
                </p>
                <div class="row">
                  <button type="button" class="danger" @click=${() => void this.#undo()}>
                    Undo the restore
                  </button>
                  <button
                    type="button"
                    @click=${() => {
                      this.isAsking = false;
                    }}
                  >
                    Leave it
                  </button>
                </div>`
            : html`<div>
                <button
                  type="button"
                  @click=${() => {
                    this.isAsking = true;
                  }}
                >
                  Undo…
                </button>
              </div>`
      }
    </section>`;
  }

  static override styles = [
    baseStyles,
    css`
      ul {
        margin: 0;
        padding-inline-start: 1.25rem;
      }
      h3:focus {
        outline: none;
      }
    `,
  ];
}

function tokenText({ token, newToken }: RestoreResult): string {
  switch (token) {
    case "kept":
      return "The tenant keeps the token that it had.";
    case "archive":
      return "The archive's token is valid.";
    default:
      return newToken === undefined
        ? "A new token was made, and shown to nobody here. Rotate the tenant's token to see one."
        : "Give the new token to the tenant's clients.";
  }
}

customElements.define("oc-restore-run", RestoreRunElement);
