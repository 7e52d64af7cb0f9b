import { baseStyles, count, defineProblem, Loaded, scheduleWords, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { badge } from "../shared/badge.js";
import { pageStyles } from "../shared/page-styles.js";
import { when } from "../shared/time.js";
import "./add-schedule.js";
import type { AddScheduleElement } from "./add-schedule.js";
import { runSchedule, switchSchedule } from "./schedule-actions.js";
import { needsAttention, runState, scheduleState, shownSchedules, type Show } from "./schedule-state.js";
import { schedulePlace, type ScheduleView } from "./schedule-view.js";

defineProblem();

/** A page of a thousand rows would take a second to lay out. */
const ROWS = 50;

const SHOWS: Readonly<Record<Show, string>> = {
  all: "All",
  attention: "Needs attention",
  enabled: "Enabled",
  disabled: "Disabled",
};

export class ScheduleListElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    search: { state: true },
    show: { state: true },
    first: { state: true },
  };
  declare host: UiHost;
  declare search: string;
  declare show: Show;
  /** Number of the first row that is shown. */
  declare first: number;

  readonly #schedules = new Loaded(this, {
    everyMs: 15_000,
    load: async (signal) => {
      const { api, viewer } = this.host;
      const route = viewer.kind === "admin" ? "/api/admin/cron" : "/api/tenant/cron";
      return (await api.get<{ schedules: ScheduleView[] }>(route, undefined, signal)).schedules;
    },
  });

  constructor() {
    super();
    this.search = "";
    this.show = "all";
    this.first = 0;
  }

  readonly refresh = (): void => {
    void this.#schedules.reload();
  };

  protected override render(): TemplateResult {
    const { value, error } = this.#schedules;
    return html`<div class="stack">
      <div class="row spread">
        <h1>Schedules</h1>
        <button type="button" class="primary" @click=${this.#add}>Add a schedule</button>
      </div>
      ${error === undefined ? nothing : html`<oc-problem .error=${error} can-retry @retry=${this.refresh}></oc-problem>`}
      ${value === undefined ? this.#renderWaiting(error) : this.#renderSchedules(value)}
      <oc-add-schedule .host=${this.host} @added=${this.#onAdded}></oc-add-schedule>
    </div>`;
  }

  #renderWaiting(error: unknown): TemplateResult | typeof nothing {
    return error === undefined ? html`<p class="card empty" aria-busy="true">Loading…</p>` : nothing;
  }

  #renderSchedules(all: readonly ScheduleView[]): TemplateResult {
    if (all.length === 0)
      return html`<div class="card empty stack tight">
        <p>There are no schedules yet.</p>
        <p class="small">A schedule starts a job by itself, a backup every night for instance.</p>
      </div>`;
    const found = shownSchedules(all, this.search, this.show);
    const first = this.first < found.length ? this.first : 0;
    const attention = all.filter(needsAttention).length;
    return html`<div class="row filters" role="search">
        <label class="search"
          >Search
          <input type="search" .value=${this.search} @input=${this.#onSearch} />
        </label>
        <label
          >Show
          <select @change=${this.#onShow}>
            ${Object.entries(SHOWS).map(
              ([show, title]) =>
                html`<option value=${show} .selected=${show === this.show}>${title}</option>`,
            )}
          </select>
        </label>
        <p class="small muted sum" role="status">
          ${count(found.length)} of
          ${count(all.length)}${
            attention === 0
              ? nothing
              : html` · ${count(attention)} ${attention === 1 ? "needs" : "need"} attention`
          }
        </p>
      </div>
      ${
        found.length === 0
          ? html`<p class="card empty">No schedule is like that.</p>`
          : this.#renderTable(found.slice(first, first + ROWS))
      }
      ${found.length > ROWS ? this.#renderPages(first, found.length) : nothing}`;
  }

  #renderTable(schedules: readonly ScheduleView[]): TemplateResult {
    const isAdmin = this.host.viewer.kind === "admin";
    return html`<div class="card table">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Schedule</th>
            ${isAdmin ? html`<th scope="col">Whose</th>` : nothing}
            <th scope="col">When</th>
            <th scope="col">Next run</th>
            <th scope="col">Last run</th>
            <th scope="col">State</th>
            <th scope="col"><span class="visually-hidden">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          ${schedules.map((schedule) => this.#renderRow(schedule, isAdmin))}
        </tbody>
      </table>
    </div>`;
  }

  #renderRow(schedule: ScheduleView, isAdmin: boolean): TemplateResult {
    const { name, tenant, job, schedule: expression, tz, nextRuns, lastRun, enabled } = schedule;
    const state = scheduleState(schedule);
    const [next] = nextRuns;
    return html`<tr>
      <td>
        <a class="name" href=${this.host.href(schedulePlace(schedule))}>${name}</a>
        <div class="small muted">${job}</div>
      </td>
      ${isAdmin ? html`<td data-label="Whose" class="name">${tenant ?? "Gateway"}</td>` : nothing}
      <td data-label="When" class="words">${scheduleWords(expression, tz)}</td>
      <td data-label="Next run" class="nowrap">${next === undefined ? "–" : when(next.at)}</td>
      <td data-label="Last run">
        ${
          lastRun === undefined
            ? html`<span class="muted">Never</span>`
            : html`${badge(runState(lastRun))} <span class="small muted nowrap">${when(lastRun.at)}</span>`
        }
      </td>
      <td data-label="State">
        ${badge(state)}
        ${state.sentence === undefined ? nothing : html`<div class="small why">${state.sentence}</div>`}
      </td>
      <td class="actions">
        <div class="row">
          <button
            type="button"
            class="compact"
            aria-label="Run now: ${name}"
            @click=${() => this.#run(schedule)}
          >
            Run now
          </button>
          <button
            type="button"
            class="compact"
            aria-label="${enabled ? "Disable" : "Enable"}: ${name}"
            @click=${() => this.#switch(schedule)}
          >
            ${enabled ? "Disable" : "Enable"}
          </button>
        </div>
      </td>
    </tr>`;
  }

  #renderPages(first: number, length: number): TemplateResult {
    const last = Math.min(first + ROWS, length);
    return html`<nav class="row" aria-label="Pages of the list">
      <button type="button" ?disabled=${first === 0} @click=${() => this.#turn(first - ROWS)}>Before</button>
      <span class="small muted">${count(first + 1)} to ${count(last)} of ${count(length)}</span>
      <button type="button" ?disabled=${last === length} @click=${() => this.#turn(first + ROWS)}>
        After
      </button>
    </nav>`;
  }

  #turn(first: number): void {
    this.first = first;
    this.renderRoot.querySelector(".filters")?.scrollIntoView({ block: "start" });
  }

  readonly #onSearch = (event: Event): void => {
    this.search = (event.target as HTMLInputElement).value;
    this.first = 0;
  };

  readonly #onShow = (event: Event): void => {
    this.show = (event.target as HTMLSelectElement).value as Show;
    this.first = 0;
  };

  async #run(schedule: ScheduleView): Promise<void> {
    await runSchedule(this.host, schedule);
    await this.#schedules.reload();
  }

  async #switch(schedule: ScheduleView): Promise<void> {
    await switchSchedule(this.host, schedule);
    await this.#schedules.reload();
  }

  readonly #add = (): void => {
    this.renderRoot.querySelector<AddScheduleElement>("oc-add-schedule")?.open();
  };

  readonly #onAdded = (event: CustomEvent<ScheduleView>): void => {
    this.host.notify({ kind: "success", text: `Schedule ${event.detail.name} has been added.` });
    this.refresh();
  };

  static override styles = [
    baseStyles,
    pageStyles,
    css`
      .search {
        flex: 1 1 14rem;
        max-width: 24rem;
      }
      .sum {
        padding-block-end: 0.5rem;
      }
      .why {
        max-width: 22rem;
        margin-block-start: 0.25rem;
      }
      td.name {
        min-width: 6rem;
      }
      .words::first-letter {
        text-transform: uppercase;
      }
      .actions button {
        white-space: nowrap;
      }
      .actions .row {
        flex-wrap: nowrap;
        justify-content: flex-end;
      }
      @media (width < 48rem) {
        .actions .row {
          justify-content: flex-start;
          padding-block-start: 0.375rem;
        }
      }
    `,
  ];
}

customElements.define("oc-schedule-list", ScheduleListElement);
