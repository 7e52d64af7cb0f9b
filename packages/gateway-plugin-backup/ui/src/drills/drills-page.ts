import { ApiError, baseStyles, count, dateTime, Loaded, relativeTime, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { isAboutKey } from "../archive/archive-view.js";
import { jobState } from "../jobs/job-state.js";
import { isOver, typeWord, type JobView } from "../jobs/job-view.js";
import "../jobs/job-progress.js";
import type { CheckDialogElement } from "./check-dialog.js";
import "./check-dialog.js";
import { checkedArchives } from "./check-report.js";
import "./check-report.js";
import { notYet, searchField } from "../fragments.js";

/** Jobs that are looked through for checks. */
const LOOKED_THROUGH = 1000;
const SHOWN_CHECKS = 20;
/** Rows that are made before more are asked for. */
const SHOWN_TENANTS = 100;
/** A drill that is older proves little. */
const OLD_MS = 30 * 24 * 3_600_000;

/** Of the section `backup` of `GET /api/admin/status`. */
interface TenantStatus {
  readonly tenant: string;
  readonly lastBackup?: string;
  readonly verified?: string;
  readonly lastDrill?: string;
}

interface Shown {
  readonly tenants: readonly TenantStatus[];
  readonly checks: readonly JobView[];
}

/** Whether what is kept can be restored: when that was last tried, of each tenant, and a button to try it. */
export class DrillsPage extends LitElement {
  static override properties = {
    host: { attribute: false },
    search: { state: true },
    most: { state: true },
    started: { state: true },
    ended: { state: true },
  };
  declare host: UiHost;
  declare search: string;
  declare most: number;
  /** Id of the check that was started last. */
  declare started: string | undefined;
  /** It, when it is over. */
  declare ended: JobView | undefined;
  #tenant = "";

  readonly #loaded = new Loaded(this, {
    load: async (): Promise<Shown | undefined> => {
      const { api, viewer } = this.host;
      if (viewer.kind === "tenant") return undefined;
      const [{ sections }, { jobs }] = await Promise.all([
        api.get<{ sections: { backup?: { tenants: TenantStatus[] } } }>("/api/admin/status"),
        api.get<{ jobs: JobView[] }>("/api/admin/jobs", { limit: LOOKED_THROUGH }),
      ]);
      const tenants = (sections.backup?.tenants ?? []).toSorted(
        (a, b) =>
          Number(a.lastBackup === undefined) - Number(b.lastBackup === undefined) ||
          age(a.lastDrill) - age(b.lastDrill) ||
          age(a.verified) - age(b.verified),
      );
      return { tenants, checks: jobs.filter(({ type }) => type === "drill" || type === "verify") };
    },
  });

  constructor() {
    super();
    this.search = "";
    this.most = SHOWN_TENANTS;
    this.started = undefined;
    this.ended = undefined;
  }

  refresh(): void {
    void this.#loaded.reload();
  }

  readonly #onStarted = (event: CustomEvent<string>): void => {
    this.ended = undefined;
    this.started = event.detail;
  };

  readonly #onEnded = ({ detail }: CustomEvent<JobView>): void => {
    this.ended = detail;
    this.refresh();
    const { error } = detail;
    const refusal = error && new ApiError(0, error.code, error.message, error.hint);
    if (isAboutKey(refusal)) void this.#dialog?.open(this.#tenant, refusal);
  };

  get #dialog(): CheckDialogElement | null {
    return this.renderRoot.querySelector<CheckDialogElement>("oc-check-dialog");
  }

  #ask(tenant: string): void {
    this.#tenant = tenant;
    void this.#dialog?.open(tenant);
  }

  protected override render(): TemplateResult {
    if (this.host.viewer.kind === "tenant")
      return html`<div class="stack">
        <h1>Drills</h1>
        <p class="card">Drills and verifications are the gateway admin's.</p>
      </div>`;
    const { value, error } = this.#loaded;
    return html`<div class="stack">
      <h1>Drills</h1>
      <p class="muted">
        A drill restores an archive into a scratch directory and checks what is there. It proves a backup.
      </p>
      ${this.#renderStarted()}
      ${value === undefined || error !== undefined ? notYet(error, () => this.refresh()) : nothing}
      ${value === undefined ? nothing : html`${this.#renderTenants(value.tenants)} ${this.#renderChecks(value.checks)}`}
      <oc-check-dialog .host=${this.host} @started=${this.#onStarted}></oc-check-dialog>
    </div>`;
  }

  #renderStarted(): TemplateResult | typeof nothing {
    const { started, ended, host } = this;
    if (started === undefined) return nothing;
    return html`<section class="card stack tight" aria-label="The check that was started">
      <h2><bdi class="name">${this.#tenant}</bdi></h2>
      <oc-job-progress .host=${host} .job=${started} @ended=${this.#onEnded}></oc-job-progress>
      ${ended === undefined ? nothing : html`<oc-check-report .host=${host} .job=${ended}></oc-check-report>`}
    </section>`;
  }

  #renderTenants(all: readonly TenantStatus[]): TemplateResult {
    const text = this.search.trim().toLowerCase();
    const found = all.filter(({ tenant }) => tenant.includes(text));
    const shown = found.slice(0, this.most);
    if (all.length === 0) return html`<p class="card muted">There are no tenants yet.</p>`;
    return html`<section class="stack" aria-labelledby="tenants">
      <div class="row spread">
        <h2 id="tenants">Tenants</h2>
        ${searchField("Find", this.search, (text) => (this.search = text))}
      </div>
      <div class="card table">
        <table>
          <thead>
            <tr>
              <th scope="col">Tenant</th>
              <th scope="col">Last drill</th>
              <th scope="col">Verified</th>
              <th scope="col" class="minor">Last backup</th>
              <th scope="col"><span class="visually-hidden">Action</span></th>
            </tr>
          </thead>
          <tbody>
            ${repeat(
              shown,
              ({ tenant }) => tenant,
              (status) => this.#renderTenant(status),
            )}
          </tbody>
        </table>
      </div>
      <p class="small muted" role="status">
        ${shown.length < found.length ? `${count(shown.length)} of ` : ""}${count(found.length)}
        ${found.length === 1 ? "tenant" : "tenants"}
      </p>
      ${
        shown.length < found.length
          ? html`<div>
              <button
                type="button"
                @click=${() => {
                  this.most += SHOWN_TENANTS;
                }}
              >
                Show more
              </button>
            </div>`
          : nothing
      }
    </section>`;
  }

  #renderTenant({ tenant, lastDrill, verified, lastBackup }: TenantStatus): TemplateResult {
    return html`<tr>
      <th scope="row">
        <a class="name" href=${this.host.href(`tenants/${encodeURIComponent(tenant)}`)}>${tenant}</a>
      </th>
      <td>${proof(lastDrill)}</td>
      <td>${proof(verified)}</td>
      <td class="minor">
        ${lastBackup === undefined ? html`<span class="muted">None</span>` : relativeTime(lastBackup)}
      </td>
      <td class="number">
        <button
          type="button"
          aria-label="Check… ${tenant}"
          ?disabled=${lastBackup === undefined}
          @click=${() => this.#ask(tenant)}
        >
          Check…
        </button>
      </td>
    </tr>`;
  }

  #renderChecks(checks: readonly JobView[]): TemplateResult {
    return html`<section class="stack" aria-labelledby="checks">
      <h2 id="checks">Latest checks</h2>
      ${
        checks.length === 0
          ? html`<p class="card muted">No drill and no verification yet.</p>`
          : html`<ul>
              ${checks.slice(0, SHOWN_CHECKS).map((job) => this.#renderCheck(job))}
            </ul>`
      }
    </section>`;
  }

  #renderCheck(job: JobView): TemplateResult {
    const { tenant, type, state, request, createdAt, error } = job;
    const level = typeof request["level"] === "string" ? ` (${request["level"]})` : "";
    return html`<li>
      <details class="card">
        <summary>
          ${jobState(state)} ${typeWord(type)}${level} of <bdi class="name">${tenant ?? "an archive"}</bdi>
          <span class="muted small"><time datetime=${createdAt}>${dateTime(createdAt)}</time></span>
        </summary>
        <div class="stack tight found">
          ${error === undefined ? nothing : html`<p>${error.message}</p>`}
          ${
            isOver(job) && checkedArchives(job).length > 0
              ? html`<oc-check-report .host=${this.host} .job=${job}></oc-check-report>`
              : nothing
          }
          <p class="small"><a href=${this.host.href(`jobs/${encodeURIComponent(job.id)}`)}>The job</a></p>
        </div>
      </details>
    </li>`;
  }

  static override styles = [
    baseStyles,
    css`
      .table {
        padding: 0;
        overflow-x: auto;
      }
      tbody tr:last-child > * {
        border-bottom: none;
      }
      tbody th {
        font-size: inherit;
        font-weight: 500;
      }
      ul {
        display: grid;
        gap: 0.5rem;
        grid-template-columns: minmax(0, 1fr);
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li .card {
        padding: 0.5rem 0.875rem;
      }
      summary {
        cursor: pointer;
      }
      .found {
        margin-block-start: 0.75rem;
      }
      @media (max-width: 40rem) {
        .minor {
          display: none;
        }
        th,
        td {
          padding-inline: 0.5rem;
        }
      }
    `,
  ];
}

function age(time: string | undefined): number {
  return time === undefined ? 0 : new Date(time).getTime();
}

function proof(time: string | undefined): TemplateResult {
  if (time === undefined)
    return html`<span class="badge warning"><span aria-hidden="true">!</span>Never</span>`;
  const isOld = Date.now() - age(time) > OLD_MS;
  return html`<span class="badge ${isOld ? "warning" : "good"}"
    ><span aria-hidden="true">${isOld ? "!" : "✓"}</span
    ><time datetime=${time}>${relativeTime(time)}</time></span
  >`;
}

customElements.define("oc-backup-drills", DrillsPage);
