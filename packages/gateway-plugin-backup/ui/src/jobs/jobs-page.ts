import { baseStyles, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { Refresh } from "../overview/refresh.js";
import { jobTable } from "./job-table.js";
import { apiRoot, isOver, JOB_STATES, JOB_TYPES, stateWord, typeWord, type JobView } from "./job-view.js";

const PAGE = 50;

/** What the route gives at most. */
const MOST = 1000;

const BUSY_MS = 3000;
const CALM_MS = 15_000;

/** The jobs, newest first. */
export class JobsPage extends LitElement {
  static override properties = {
    host: { attribute: false },
    jobs: { state: true },
    problem: { state: true },
    type: { state: true },
    state: { state: true },
    tenant: { state: true },
    limit: { state: true },
  };
  declare host: UiHost;
  declare jobs: readonly JobView[] | undefined;
  declare problem: unknown;
  declare type: string;
  declare state: string;
  declare tenant: string;
  declare limit: number;
  readonly #refresh = new Refresh(
    this,
    (signal) => this.#load(signal),
    () => (this.jobs?.some((job) => !isOver(job)) === true ? BUSY_MS : CALM_MS),
  );

  constructor() {
    super();
    this.jobs = undefined;
    this.problem = undefined;
    this.type = "";
    this.state = "";
    this.tenant = "";
    this.limit = PAGE;
  }

  refresh(): void {
    this.#refresh.now();
  }

  async #load(signal: AbortSignal): Promise<void> {
    const isAdmin = this.host.viewer.kind === "admin";
    const filter = isAdmin ? { tenant: this.tenant || undefined, state: this.state || undefined } : {};
    const query = { limit: this.limit, ...filter };
    try {
      const { jobs } = await this.host.api.get<{ jobs: JobView[] }>(
        `${apiRoot(this.host)}/jobs`,
        query,
        signal,
      );
      this.jobs = jobs;
      this.problem = undefined;
    } catch (error) {
      if (!signal.aborted) this.problem = error;
    }
  }

  protected override render(): TemplateResult {
    return html`<div class="stack">
      <h1>Jobs</h1>
      <div class="row">
        ${this.#choice(
          "type",
          "Type",
          JOB_TYPES.map((type) => [type, typeWord(type)]),
        )}
        ${this.#choice(
          "state",
          "State",
          JOB_STATES.map((state) => [state, stateWord(state)]),
        )}
        ${
          this.host.viewer.kind === "admin"
            ? html`<label for="tenant">Tenant</label>
                <input
                  id="tenant"
                  type="search"
                  placeholder="any"
                  autocomplete="off"
                  spellcheck="false"
                  @change=${(event: Event) => this.#choose("tenant", event)}
                />`
            : nothing
        }
      </div>
      ${this.#renderJobs()}
    </div>`;
  }

  #choice(
    name: "type" | "state",
    title: string,
    options: readonly (readonly [string, string])[],
  ): TemplateResult {
    return html`<label for=${name}>${title}</label>
      <select id=${name} @change=${(event: Event) => this.#choose(name, event)}>
        <option value="">any</option>
        ${options.map(([value, word]) => html`<option value=${value}>${word}</option>`)}
      </select>`;
  }

  #choose(name: "type" | "state" | "tenant", event: Event): void {
    this[name] = (event.target as HTMLInputElement | HTMLSelectElement).value.trim();
    this.limit = PAGE;
    this.#refresh.now();
  }

  #renderJobs(): TemplateResult {
    if (this.jobs === undefined)
      return this.problem === undefined
        ? html`<p class="muted" aria-busy="true">Loading…</p>`
        : html`<oc-problem
            .error=${this.problem}
            can-retry
            @retry=${() => this.#refresh.now()}
          ></oc-problem>`;
    const shown = this.jobs.filter(
      ({ type, state }) =>
        (this.type === "" || type === this.type) && (this.state === "" || state === this.state),
    );
    const mayBeMore = this.jobs.length === this.limit && this.limit < MOST;
    return html`${
      shown.length === 0
        ? html`<p class="muted">${mayBeMore ? "None of the newest jobs fits." : "No job fits."}</p>`
        : html`<div class="card table">
            ${jobTable(this.host, shown, "Jobs", this.host.viewer.kind === "admin")}
          </div>`
    }
    ${
      mayBeMore
        ? html`<div><button type="button" @click=${this.#more}>Show older jobs</button></div>`
        : nothing
    }`;
  }

  readonly #more = (): void => {
    this.limit = Math.min(MOST, this.limit * 2);
    this.#refresh.now();
  };

  static override styles = [
    baseStyles,
    css`
      .table {
        padding: 0;
      }
      td {
        white-space: nowrap;
      }
    `,
  ];
}

customElements.define("oc-backup-jobs", JobsPage);
