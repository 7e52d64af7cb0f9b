import { baseStyles, bytes, count, relativeTime, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import "../backup-now/backup-now.js";
import type { BackupNowElement } from "../backup-now/backup-now.js";
import { destinationNames } from "../backup-now/destination-names.js";
import { jobTable } from "../jobs/job-table.js";
import { isOver, type Accepted } from "../jobs/job-view.js";
import { notifyError } from "../notify-error.js";
import { Refresh } from "../overview/refresh.js";
import { tenantState } from "../overview/tenant-state.js";
import "./archive-list.js";
import "./history-charts.js";
import "./retention-preview.js";
import { scheduleList } from "./schedule-list.js";
import { loadTenant, type Allowance, type Archive, type Schedule, type TenantData } from "./tenant-data.js";
import { notYet } from "../fragments.js";

const BUSY_MS = 3000;
const CALM_MS = 20_000;

/** One tenant: its backups, charts, schedules, what a prune would do, jobs and alerts. A tenant's own token sees its own. */
export class TenantPage extends LitElement {
  static override properties = {
    host: { attribute: false },
    tenant: { attribute: false },
    data: { state: true },
    problem: { state: true },
    destinations: { state: true },
  };
  declare host: UiHost;
  declare tenant: string;
  declare data: TenantData | undefined;
  declare problem: unknown;
  declare destinations: readonly string[];
  readonly #refresh = new Refresh(
    this,
    (signal) => this.#load(signal),
    () => (this.data?.jobs.some((job) => !isOver(job)) === true ? BUSY_MS : CALM_MS),
  );

  constructor() {
    super();
    this.data = undefined;
    this.problem = undefined;
    this.destinations = [];
  }

  refresh(): void {
    this.#refresh.now();
  }

  async #load(signal: AbortSignal): Promise<void> {
    try {
      this.data = await loadTenant(this.host, this.tenant, signal);
      this.problem = undefined;
    } catch (error) {
      if (!signal.aborted) this.problem = error;
    }
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("tenant") && this.hasUpdated) {
      this.data = undefined;
      this.#refresh.now();
    }
    const granted = this.data?.allowance?.destinations;
    if (granted !== undefined) this.destinations = granted;
  }

  protected override firstUpdated(): void {
    if (this.#isAdmin) void destinationNames(this.host).then((names) => (this.destinations = names));
  }

  get #isAdmin(): boolean {
    return this.host.viewer.kind === "admin";
  }

  protected override render(): TemplateResult {
    return html`<div class="stack page">
        ${this.#renderHeader()}
        ${this.data === undefined ? notYet(this.problem, () => this.#refresh.now()) : this.#renderData(this.data)}
      </div>
      <oc-backup-now
        .host=${this.host}
        .destinations=${this.destinations}
        @started=${() => this.#refresh.now()}
        @closed=${() => this.#refresh.now()}
      ></oc-backup-now>`;
  }

  #renderHeader(): TemplateResult {
    const { health, labels = {}, allowance, archives = [] } = this.data ?? {};
    const newest = newestGood(archives);
    return html`<header class="stack tight">
      ${this.#isAdmin ? html`<p class="small"><a href=${this.host.href("")}>Overview</a></p>` : nothing}
      <div class="row spread">
        <h1 class="row">
          <bdi class="name">${this.tenant}</bdi>${health === undefined ? nothing : tenantState(health.state)}
        </h1>
        <div class="row">
          ${
            this.data === undefined ||
            allowance?.selfBackup === false ||
            (this.#isAdmin && health === undefined)
              ? nothing
              : html`<button type="button" class="primary" @click=${this.#backUp}>Back up now</button>`
          }
          ${
            newest === undefined || !(this.#isAdmin || allowance?.selfRestore === true)
              ? nothing
              : html`<a class="button" href=${this.host.href(`restore/${encodeURIComponent(newest.id)}`)}
                  >Restore…</a
                >`
          }
          ${
            newest === undefined || !this.#isAdmin
              ? nothing
              : html`<button type="button" @click=${() => void this.#verify(newest)}>Verify latest</button>`
          }
        </div>
      </div>
      <div class="row small">
        ${Object.entries(labels).map(([name, value]) => html`<span class="badge label"><bdi>${name}: ${value}</bdi></span>`)}
      </div>
    </header>`;
  }

  #renderData(data: TenantData): TemplateResult {
    const { archives, schedules, jobs, health, allowance } = data;
    return html`${this.#renderAlerts(data)}
      ${allowance === undefined ? nothing : this.#renderAllowance(allowance)}
      <dl class="tiles">
        ${this.#tile("Last good backup", health?.lastBackup ?? newestGood(archives)?.createdAt, "never")}
        ${health?.deadline === undefined ? nothing : this.#tile("Next one due", health.deadline, "–")}
        ${this.#tile("Verified", health?.verified ?? lastVerified(archives), "not yet")}
        ${health === undefined ? nothing : this.#tile("Last drill", health.lastDrill, "never")}
        <div class="card">
          <dt>Backups</dt>
          <dd>${count(archives.length)}</dd>
          <dd class="small muted">${bytes(archives.reduce((sum, { size }) => sum + size, 0))}</dd>
        </div>
      </dl>
      ${this.#section("History", html`<oc-history-charts .archives=${archives}></oc-history-charts>`)}
      ${this.#section(
        "Backups",
        html`<oc-archive-list
          .host=${this.host}
          .archives=${archives}
          ?canRestore=${this.#isAdmin || allowance?.selfRestore === true}
          @changed=${() => this.#refresh.now()}
        ></oc-archive-list>`,
      )}
      ${this.#section("Schedules", scheduleList(schedules, this.#isAdmin ? (schedule) => void this.#approve(schedule) : undefined))}
      ${
        this.#isAdmin && health !== undefined
          ? this.#section(
              "Retention",
              html`<oc-retention-preview .host=${this.host} .tenant=${this.tenant}></oc-retention-preview>`,
            )
          : nothing
      }
      ${this.#section(
        "Last jobs",
        jobs.length === 0
          ? html`<p class="muted">None yet.</p>`
          : jobTable(this.host, jobs, "Jobs of the tenant", false),
      )}`;
  }

  #section(title: string, content: TemplateResult): TemplateResult {
    const id = title.toLowerCase().replaceAll(" ", "-");
    return html`<section class="card stack" aria-labelledby=${id}>
      <h2 id=${id}>${title}</h2>
      ${content}
    </section>`;
  }

  #tile(title: string, time: string | undefined, otherwise: string): TemplateResult {
    return html`<div class="card">
      <dt>${title}</dt>
      <dd>${time === undefined ? otherwise : relativeTime(time)}</dd>
    </div>`;
  }

  #renderAlerts({ health }: TenantData): TemplateResult | typeof nothing {
    const alerts = health?.alerts ?? [];
    if (alerts.length === 0) return nothing;
    return html`<section class="error stack tight" aria-labelledby="alerts">
      <h2 id="alerts">Alerts</h2>
      <ul class="plain">
        ${alerts.map(
          ({ message, since, count: times, jobId }) =>
            html`<li>
              <span class="name">${message}</span>
              <span class="small muted"
                >since ${relativeTime(since)}${times > 1 ? `, ${count(times)} times` : ""}</span
              >
              ${
                jobId === undefined
                  ? nothing
                  : html`<a class="small" href=${this.host.href(`jobs/${encodeURIComponent(jobId)}`)}
                      >See the job</a
                    >`
              }
            </li>`,
        )}
      </ul>
    </section>`;
  }

  #renderAllowance({ selfBackup, selfRestore, quotas }: Allowance): TemplateResult {
    const { backupsPerDay, concurrentJobs, storedBytes } = quotas;
    const of = (used: string, limit: string | undefined): string =>
      limit === undefined ? used : `${used} of ${limit}`;
    return html`<section class="card stack tight" aria-labelledby="allowance">
      <h2 id="allowance">What you may do</h2>
      <dl class="facts">
        <dt>Back up by yourself</dt>
        <dd>${selfBackup ? "yes" : "no; ask the admin"}</dd>
        <dt>Restore by yourself</dt>
        <dd>${selfRestore ? "yes" : "no; ask the admin"}</dd>
        <dt>Backups in 24 hours</dt>
        <dd>
          ${of(count(backupsPerDay.used), backupsPerDay.limit === undefined ? undefined : count(backupsPerDay.limit))}
        </dd>
        <dt>Stored</dt>
        <dd>
          ${of(bytes(storedBytes.used), storedBytes.limit === undefined ? undefined : bytes(storedBytes.limit))}
        </dd>
        <dt>Jobs at one time</dt>
        <dd>
          ${of(count(concurrentJobs.used), concurrentJobs.limit === undefined ? undefined : count(concurrentJobs.limit))}
        </dd>
      </dl>
    </section>`;
  }

  readonly #backUp = (): void => {
    this.renderRoot.querySelector<BackupNowElement>("oc-backup-now")?.open([this.tenant]);
  };

  async #approve({ name, hash }: Schedule): Promise<void> {
    const path = `/api/admin/tenants/${encodeURIComponent(this.tenant)}/cron/${encodeURIComponent(name)}/approve`;
    try {
      await this.host.api.send("POST", `${path}?hash=${encodeURIComponent(hash)}`);
      this.host.notify({ kind: "success", text: `Schedule ${name} is approved.` });
    } catch (error) {
      notifyError(this.host, error);
    }
    this.#refresh.now();
  }

  async #verify({ id }: Archive): Promise<void> {
    try {
      const body = { archive: id, level: "full" };
      const { job } = await this.host.api.send<Accepted>("POST", "/api/admin/backups/verify", body);
      this.host.navigate(`jobs/${encodeURIComponent(job.id)}`);
    } catch (error) {
      notifyError(this.host, error);
    }
  }

  static override styles = [
    baseStyles,
    css`
      .tiles {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr));
        gap: 0.75rem;
        margin: 0;
      }
      .tiles .card {
        padding: 0.75rem 1rem;
      }
      dt {
        color: var(--oc-muted);
        font-size: 0.875rem;
      }
      dd {
        margin: 0;
      }
      .tiles dt + dd {
        font-size: 1.125rem;
        font-weight: 600;
      }
      .label {
        max-width: 100%;
        white-space: normal;
        overflow-wrap: anywhere;
      }
      .plain {
        display: grid;
        gap: 0.75rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .scroll {
        position: relative;
      }
      td {
        white-space: nowrap;
      }
    `,
  ];
}

function newestGood(archives: readonly Archive[]): Archive | undefined {
  return archives.find(({ state }) => state === "good");
}

function lastVerified(archives: readonly Archive[]): string | undefined {
  return archives
    .flatMap(({ verifiedAt }) => verifiedAt ?? [])
    .sort()
    .at(-1);
}

customElements.define("oc-backup-tenant", TenantPage);
