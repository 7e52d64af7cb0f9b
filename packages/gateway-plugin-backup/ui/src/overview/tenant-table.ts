import { baseStyles, bytes, relativeTime, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { typeWord } from "../jobs/job-view.js";
import type { TenantOverview } from "./overview-data.js";
import { sparkline } from "./sparkline.js";
import { tenantState } from "./tenant-state.js";

/** Height of a row, in CSS pixels; each row has it, so that what is not drawn can be left out. */
const ROW_PX = 52;

/** Rows drawn above and below those that are seen. */
const SPARE = 8;

const STEP = SPARE / 2;

/** Classes of the columns; their widths are fixed, so that they stay where they are while rows come and go. */
const COLUMNS = ["check", "tenant", "state", "last", "verified", "size", "trend", "now", "action"] as const;

/**
 * The tenants, of which only the rows that are seen, and some more, are drawn: a thousand at once take a second. Dispatches
 * `selection`, and `backup` with a tenant's id.
 */
export class TenantTableElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    tenants: { attribute: false },
    now: { attribute: false },
    selected: { attribute: false },
    from: { state: true },
    to: { state: true },
  };
  declare host: UiHost;
  declare tenants: readonly TenantOverview[];
  /** By the gateway's clock, in milliseconds. */
  declare now: number;
  declare selected: ReadonlySet<string>;
  declare from: number;
  declare to: number;
  #frame = 0;

  constructor() {
    super();
    this.tenants = [];
    this.now = Date.now();
    this.selected = new Set();
    this.from = 0;
    this.to = 30;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("scroll", this.#onScroll, { passive: true });
    addEventListener("resize", this.#onScroll);
  }

  override disconnectedCallback(): void {
    removeEventListener("scroll", this.#onScroll);
    removeEventListener("resize", this.#onScroll);
    cancelAnimationFrame(this.#frame);
    super.disconnectedCallback();
  }

  readonly #onScroll = (): void => {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#place());
  };

  #place(): void {
    const body = this.renderRoot.querySelector("tbody");
    if (body === null) return;
    const seen = Math.max(0, Math.floor(-body.getBoundingClientRect().top / ROW_PX));
    // Half of the spare rows pass by before others are drawn.
    const first = seen - (seen % STEP);
    this.from = Math.max(0, first - SPARE);
    this.to = first + STEP + Math.ceil(innerHeight / ROW_PX) + SPARE;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("tenants")) this.#onScroll();
    const [above, below] = this.renderRoot.querySelectorAll<HTMLElement>("tr.spare");
    const { from, to } = this.#range();
    above?.style.setProperty("height", `${from * ROW_PX}px`);
    below?.style.setProperty("height", `${(this.tenants.length - to) * ROW_PX}px`);
  }

  #range(): { readonly from: number; readonly to: number } {
    const to = Math.min(this.to, this.tenants.length);
    return { from: Math.min(this.from, to), to };
  }

  protected override render(): TemplateResult {
    const { from, to } = this.#range();
    const all = this.tenants.every(({ tenant }) => this.selected.has(tenant));
    return html`<div class="scroll card" tabindex="0" role="region" aria-label="Table of tenants">
      <table aria-rowcount=${this.tenants.length + 1}>
        <colgroup>
          ${COLUMNS.map((name) => html`<col class=${name} />`)}
        </colgroup>
        <thead>
          <tr aria-rowindex="1">
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Select all that are listed"
                .checked=${all}
                .indeterminate=${!all && this.tenants.some(({ tenant }) => this.selected.has(tenant))}
                @change=${() => this.#selectAll(!all)}
              />
            </th>
            <th scope="col">Tenant</th>
            <th scope="col">State</th>
            <th scope="col">Last good backup</th>
            <th scope="col">Verified</th>
            <th scope="col" class="number">Size</th>
            <th scope="col">Trend</th>
            <th scope="col">Now</th>
            <th scope="col"><span class="visually-hidden">Action</span></th>
          </tr>
        </thead>
        <tbody>
          <tr class="spare" aria-hidden="true">
            <td colspan=${COLUMNS.length}></td>
          </tr>
          ${repeat(
            this.tenants.slice(from, to),
            ({ tenant }) => tenant,
            (one, at) => this.#renderRow(one, from + at + 2),
          )}
          <tr class="spare" aria-hidden="true">
            <td colspan=${COLUMNS.length}></td>
          </tr>
        </tbody>
      </table>
    </div>`;
  }

  #renderRow(one: TenantOverview, index: number): TemplateResult {
    const { tenant } = one;
    return html`<tr aria-rowindex=${index}>
      <td>
        <input
          type="checkbox"
          aria-label="Select ${tenant}"
          .checked=${this.selected.has(tenant)}
          @change=${() => this.#select(tenant)}
        />
      </td>
      <th scope="row">
        <a class="name" href=${this.host.href(`tenants/${encodeURIComponent(tenant)}`)}>${tenant}</a>
      </th>
      <td>${tenantState(one.state)}</td>
      <td>
        ${one.lastBackup === undefined ? "never" : relativeTime(one.lastBackup, this.now)}
        <div class="small muted">${this.#due(one)}</div>
      </td>
      <td>
        ${
          one.verified === undefined
            ? html`<span class="muted">not yet</span>`
            : html`<span aria-hidden="true">✓</span> ${relativeTime(one.verified, this.now)}`
        }
      </td>
      <td class="number">${one.size === undefined ? "–" : bytes(one.size)}</td>
      <td class="trend">${sparkline(one.trend)}</td>
      <td>${this.#renderNow(one)}</td>
      <td>
        <button
          type="button"
          aria-label="Back up ${tenant}"
          @click=${() => this.dispatchEvent(new CustomEvent("backup", { detail: tenant }))}
        >
          Back up
        </button>
      </td>
    </tr>`;
  }

  #due({ deadline, schedule }: TenantOverview): string {
    if (deadline !== undefined) {
      const late = new Date(deadline).getTime() < this.now;
      return `${late ? "was due" : "next one due"} ${relativeTime(deadline, this.now)}`;
    }
    return schedule === "none" ? "no schedule" : schedule === "disabled" ? "schedule is off" : "";
  }

  #renderNow({ job, nextRun }: TenantOverview): TemplateResult | typeof nothing {
    if (job === undefined)
      return nextRun === undefined
        ? nothing
        : html`<span class="muted small">next ${relativeTime(nextRun, this.now)}</span>`;
    const text =
      job.state === "queued" ? "waiting" : job.percent === undefined ? "running" : `${job.percent} %`;
    return html`<a class="small" href=${this.host.href(`jobs/${encodeURIComponent(job.id)}`)}
        >${typeWord(job.type)}: ${text}</a
      ><progress aria-label=${typeWord(job.type)} max="100" value=${job.percent ?? nothing}></progress>`;
  }

  #select(tenant: string): void {
    const selected = new Set(this.selected);
    if (!selected.delete(tenant)) selected.add(tenant);
    this.#tell(selected);
  }

  #selectAll(isSelected: boolean): void {
    const selected = new Set(this.selected);
    for (const { tenant } of this.tenants) {
      if (isSelected) selected.add(tenant);
      else selected.delete(tenant);
    }
    this.#tell(selected);
  }

  #tell(selected: ReadonlySet<string>): void {
    this.selected = selected;
    this.dispatchEvent(new Event("selection"));
  }

  static override styles = [
    baseStyles,
    css`
      .card {
        position: relative;
        padding: 0;
      }
      .card:focus-visible {
        outline: 2px solid var(--oc-focus);
      }
      table {
        min-width: 76rem;
        table-layout: fixed;
      }
      col.check {
        width: 2.75rem;
      }
      col.state {
        width: 10.25rem;
      }
      col.last {
        width: 12.5rem;
      }
      col.verified {
        width: 9.5rem;
      }
      col.size {
        width: 6rem;
      }
      col.trend {
        width: 6.75rem;
      }
      col.now {
        width: 9.25rem;
      }
      col.action {
        width: 7.25rem;
      }
      tbody tr:not(.spare) {
        height: ${ROW_PX}px;
      }
      td,
      th {
        padding: 0 0.5rem;
        white-space: nowrap;
        line-height: 1.3;
      }
      td:first-child,
      th:first-child {
        padding-inline-start: 0.875rem;
      }
      td:last-child {
        padding-inline-end: 0.875rem;
        text-align: end;
      }
      thead th {
        height: 2.5rem;
      }
      tr.spare td {
        padding: 0;
        border: none;
      }
      tbody tr:not(.spare):hover {
        background: var(--oc-hover);
      }
      th[scope="row"] {
        overflow: hidden;
        color: inherit;
        font-size: inherit;
        font-weight: 500;
        text-overflow: ellipsis;
      }
      .trend {
        color: var(--oc-accent);
        line-height: 0;
      }
      td button {
        min-height: 1.875rem;
        padding-block: 0;
      }
      progress {
        display: block;
        width: 7rem;
        height: 0.375rem;
        accent-color: var(--oc-accent);
      }
    `,
  ];
}

customElements.define("oc-tenant-table", TenantTableElement);
