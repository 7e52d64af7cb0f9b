import { baseStyles, bytes, count, relativeTime, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import "../backup-now/backup-now.js";
import type { BackupNowElement } from "../backup-now/backup-now.js";
import { destinationNames } from "../backup-now/destination-names.js";
import "../tenant/tenant-page.js";
import { notifyError } from "../notify-error.js";
import { attentionList } from "./attention.js";
import { gatewayTile } from "./gateway-tile.js";
import {
  isStuck,
  needsAttention,
  type Overview,
  type TenantOverview,
  type TenantState,
} from "./overview-data.js";
import { Refresh } from "./refresh.js";
import { TENANT_STATES } from "./tenant-state.js";
import "./tenant-table.js";
import type { TenantTableElement } from "./tenant-table.js";
import { notYet } from "../fragments.js";

const BUSY_MS = 3000;
const CALM_MS = 15_000;

/** As many as are worked through before the page is looked at again. */
const MOST_SHOWN = 6;

type Filter = TenantState | "all" | "attention" | "running" | "schedule";

/** Is everyone safe? A tenant's own token sees its own page here. */
export class OverviewPage extends LitElement {
  static override properties = {
    host: { attribute: false },
    overview: { state: true },
    problem: { state: true },
    search: { state: true },
    filter: { state: true },
    selected: { state: true },
    destinations: { state: true },
  };
  declare host: UiHost;
  declare overview: Overview | undefined;
  declare problem: unknown;
  declare search: string;
  declare filter: Filter;
  declare selected: ReadonlySet<string>;
  declare destinations: readonly string[];
  readonly #refresh = new Refresh(
    this,
    (signal) => this.#load(signal),
    () => ((this.overview?.totals.running ?? 0) > 0 ? BUSY_MS : CALM_MS),
  );

  constructor() {
    super();
    this.overview = undefined;
    this.problem = undefined;
    this.search = "";
    this.filter = "all";
    this.selected = new Set();
    this.destinations = [];
  }

  refresh(): void {
    this.#refresh.now();
  }

  async #load(signal: AbortSignal): Promise<void> {
    if (this.host.viewer.kind !== "admin") return;
    try {
      this.overview = await this.host.api.get<Overview>("/api/admin/backups/overview", undefined, signal);
      this.problem = undefined;
    } catch (error) {
      // What was seen before stays; the shell says that the gateway is gone.
      if (!signal.aborted) this.problem = error;
    }
  }

  protected override firstUpdated(): void {
    if (this.host.viewer.kind === "admin")
      void destinationNames(this.host).then((names) => (this.destinations = names));
  }

  protected override render(): TemplateResult {
    const { viewer } = this.host;
    if (viewer.kind === "tenant")
      return html`<oc-backup-tenant .host=${this.host} .tenant=${viewer.id}></oc-backup-tenant>`;
    return html`<div class="stack page">
        <h1>Backups</h1>
        ${this.overview === undefined ? notYet(this.problem, () => this.#refresh.now()) : this.#renderOverview(this.overview)}
      </div>
      <oc-backup-now
        .host=${this.host}
        .destinations=${this.destinations}
        @started=${() => this.#refresh.now()}
        @closed=${() => this.#refresh.now()}
      ></oc-backup-now>`;
  }

  #renderOverview(overview: Overview): TemplateResult {
    if (overview.tenants.length === 0)
      return html`<div class="card stack tight">
        <h2>No tenants yet</h2>
        <p>Make one with <code>openclaw tenants create NAME</code>; then it can be backed up here.</p>
      </div>`;
    const shown = this.#shown(overview);
    const chosen = overview.tenants.filter(({ tenant }) => this.selected.has(tenant));
    return html`${this.#renderTiles(overview)} ${this.#renderAttention(overview)}
      <section class="stack" aria-labelledby="all">
        <h2 id="all">All tenants</h2>
        <div class="row spread">
          <div class="row">
            <label class="visually-hidden" for="search">Search tenants</label>
            <input
              id="search"
              type="search"
              placeholder="Search tenants"
              .value=${this.search}
              @input=${(event: InputEvent) => (this.search = (event.target as HTMLInputElement).value)}
            />
            <label class="visually-hidden" for="filter">State</label>
            <select id="filter" @change=${this.#onFilter}>
              ${FILTERS.map(
                ([value, title]) =>
                  html`<option value=${value} ?selected=${value === this.filter}>${title}</option>`,
              )}
            </select>
            <span class="muted small" role="status"
              >${count(shown.length)} of ${count(overview.tenants.length)}</span
            >
          </div>
          <button
            type="button"
            class="primary"
            ?disabled=${chosen.length === 0}
            @click=${() => this.#backUp(chosen.map(({ tenant }) => tenant))}
          >
            ${chosen.length === 0 ? "Back up selection" : `Back up ${count(chosen.length)} selected`}
          </button>
        </div>
        ${
          shown.length === 0
            ? html`<p class="muted">No tenant fits.</p>`
            : html`<oc-tenant-table
                .host=${this.host}
                .tenants=${shown}
                .now=${new Date(overview.now).getTime()}
                .selected=${this.selected}
                @selection=${({ target }: Event) => (this.selected = (target as TenantTableElement).selected)}
                @backup=${({ detail }: CustomEvent<string>) => this.#backUp([detail])}
              ></oc-tenant-table>`
        }
      </section>`;
  }

  #renderTiles({ gateway, now, totals, tenants }: Overview): TemplateResult {
    const safe = totals.states.ok ?? 0;
    const all = safe === totals.tenants;
    const next = tenants.flatMap(({ nextRun }) => nextRun ?? []).sort()[0];
    return html`<dl class="tiles">
      <div class="card ${all ? "good" : ""}">
        <dt>Safe</dt>
        <dd>${count(safe)} <span class="muted small">of ${count(totals.tenants)}</span></dd>
        <dd class="small muted">${all ? "Everyone is safe" : "have a good backup in time"}</dd>
      </div>
      ${(["overdue", "failing", "damaged", "none"] as const).map((state) => this.#renderStateTile(state, totals))}
      <div class="card">
        <dt>Jobs</dt>
        <dd>${count(totals.running)} <span class="muted small">running</span></dd>
        <dd class="small muted">
          ${totals.queued > 0 ? `${count(totals.queued)} waiting` : next === undefined ? "none scheduled" : `next ${relativeTime(next)}`}
        </dd>
      </div>
      <div class="card">
        <dt>Archives</dt>
        <dd>${count(totals.archives)}</dd>
        <dd class="small muted">${bytes(totals.storedBytes)}</dd>
      </div>
      ${gatewayTile(this.host, gateway, new Date(now).getTime(), () => void this.#backUpGateway())}
    </dl>`;
  }

  #renderStateTile(state: TenantState, totals: Overview["totals"]): TemplateResult | typeof nothing {
    const number = totals.states[state] ?? 0;
    if (number === 0) return nothing;
    const { word, kind, sign } = TENANT_STATES[state];
    return html`<div class="card ${kind}">
      <dt><span aria-hidden="true">${sign}</span> ${word}</dt>
      <dd>${count(number)}</dd>
      <dd>
        <button
          type="button"
          class="link small"
          aria-label="Show: ${word}"
          @click=${() => this.#showState(state)}
        >
          Show
        </button>
      </dd>
    </div>`;
  }

  #renderAttention(overview: Overview): TemplateResult | typeof nothing {
    const bad = overview.tenants.filter(needsAttention);
    if (bad.length === 0) return nothing;
    const now = new Date(overview.now).getTime();
    return html`<section class="card stack" aria-labelledby="attention">
      <h2 id="attention">Needs attention</h2>
      ${attentionList(this.host, bad.slice(0, MOST_SHOWN), now, (tenant) => this.#backUp([tenant]))}
      ${
        bad.length > MOST_SHOWN
          ? html`<p>
              <button type="button" class="link" @click=${() => this.#showState("attention")}>
                And ${count(bad.length - MOST_SHOWN)} more
              </button>
            </p>`
          : nothing
      }
    </section>`;
  }

  #shown({ tenants }: Overview): readonly TenantOverview[] {
    const wanted = this.search.trim().toLowerCase();
    return tenants.filter((one) => one.tenant.includes(wanted) && fits(one, this.filter));
  }

  #showState(filter: Filter): void {
    this.filter = filter;
    this.search = "";
    const search = this.renderRoot.querySelector<HTMLInputElement>("#search");
    search?.scrollIntoView({ block: "start" });
    search?.focus({ preventScroll: true });
  }

  readonly #onFilter = (event: Event): void => {
    this.filter = (event.target as HTMLSelectElement).value as Filter;
  };

  async #backUpGateway(): Promise<void> {
    try {
      await this.host.api.send("POST", "/api/admin/gateway/backups", {});
    } catch (error) {
      notifyError(this.host, error);
    }
    this.#refresh.now();
  }

  #backUp(tenants: readonly string[]): void {
    this.renderRoot.querySelector<BackupNowElement>("oc-backup-now")?.open(tenants);
  }

  static override styles = [
    baseStyles,
    css`
      .page {
        gap: 1.5rem;
      }
      .tiles {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr));
        gap: 0.75rem;
        margin: 0;
      }
      .tiles .card {
        padding: 0.75rem 1rem;
        border-block-start: 3px solid var(--oc-border-strong);
      }
      .tiles .good {
        border-block-start-color: var(--oc-good);
      }
      .tiles .bad {
        border-block-start-color: var(--oc-bad);
      }
      .tiles .warning {
        border-block-start-color: var(--oc-warning);
      }
      dt {
        color: var(--oc-muted);
        font-size: 0.875rem;
      }
      dd {
        margin: 0;
      }
      dt + dd {
        font-size: 1.5rem;
        font-weight: 600;
        line-height: 1.3;
      }
      button.link {
        justify-content: start;
        min-height: 0;
        padding: 0;
        border: none;
        background: none;
        color: var(--oc-link);
        font-weight: 400;
        text-decoration: underline;
      }
      .attention {
        display: grid;
        gap: 0.625rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .attention li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: 0.375rem 1rem;
        padding-block-end: 0.625rem;
        border-bottom: 1px solid var(--oc-border);
      }
      .attention li:last-child {
        padding-block-end: 0;
        border: none;
      }
      @media (max-width: 40rem) {
        .attention li {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];
}

const FILTERS: readonly (readonly [Filter, string])[] = [
  ["all", "All states"],
  ["attention", "Needs attention"],
  ...(Object.keys(TENANT_STATES) as TenantState[]).map(
    (state) => [state, TENANT_STATES[state].word] as const,
  ),
  ["schedule", "Schedule does not run"],
  ["running", "A job runs or waits"],
];

function fits(tenant: TenantOverview, filter: Filter): boolean {
  if (filter === "all") return true;
  if (filter === "attention") return needsAttention(tenant);
  if (filter === "schedule") return isStuck(tenant);
  if (filter === "running") return tenant.job !== undefined;
  return tenant.state === filter;
}

customElements.define("oc-backup-overview", OverviewPage);
