import { baseStyles, dateTime, defineProblem, Loaded, scheduleWords, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { badge } from "../shared/badge.js";
import "../shared/confirm.js";
import type { ConfirmElement } from "../shared/confirm.js";
import { pageStyles } from "../shared/page-styles.js";
import { valueText } from "../shared/value-text.js";
import { approveSchedule, removeSchedule, runSchedule, switchSchedule } from "./schedule-actions.js";
import { runTable } from "./run-table.js";
import { isGoingOn, scheduleState } from "./schedule-state.js";
import { scheduleRoute, type RunView, type ScheduleKey, type ScheduleView } from "./schedule-view.js";

defineProblem();

const OVERLAP: Readonly<Record<string, string>> = {
  skip: "The next run is left out",
  wait: "The next run waits for its end",
  allow: "The next run starts all the same",
};

interface Shown {
  readonly schedule: ScheduleView;
  readonly runs: readonly RunView[];
}

/** One schedule: what it does and when, its runs, and what can be done with it. */
export class ScheduleDetailElement extends LitElement {
  static override properties = { host: { attribute: false }, key: { attribute: false } };
  declare host: UiHost;
  declare key: ScheduleKey;

  readonly #shown = new Loaded<Shown>(this, {
    everyMs: 5000,
    load: async (signal) => {
      const route = scheduleRoute(this.host.viewer, this.key);
      const [schedule, { runs }] = await Promise.all([
        this.host.api.get<ScheduleView>(route, undefined, signal),
        this.host.api.get<{ runs: RunView[] }>(`${route}/runs`, undefined, signal),
      ]);
      return { schedule, runs };
    },
  });

  readonly refresh = (): void => {
    void this.#shown.reload();
  };

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.get("key") !== undefined) this.refresh();
  }

  protected override render(): TemplateResult {
    const { value, error } = this.#shown;
    return html`<div class="stack">
      <p class="small"><a href=${this.host.href("")}>All schedules</a></p>
      <h1><bdi>${this.key.name}</bdi></h1>
      ${error === undefined ? nothing : html`<oc-problem .error=${error} can-retry @retry=${this.refresh}></oc-problem>`}
      ${
        value === undefined
          ? error === undefined
            ? html`<p class="card empty" aria-busy="true">Loading…</p>`
            : nothing
          : this.#renderShown(value)
      }
      <oc-confirm></oc-confirm>
    </div>`;
  }

  #renderShown({ schedule, runs }: Shown): TemplateResult {
    const state = scheduleState(schedule);
    return html`<div class="row">
        ${badge(state)} ${isGoingOn(schedule.lastRun) ? badge({ word: "Running", kind: "" }) : nothing}
        ${state.sentence === undefined ? nothing : html`<span>${state.sentence}</span>`}
      </div>
      ${this.#renderActions(schedule)}
      <div class="columns">${this.#renderFacts(schedule)} ${this.#renderNextRuns(schedule)}</div>
      <h2>Runs</h2>
      ${runs.length === 0 ? html`<p class="card empty">It has not run yet.</p>` : runTable(runs)}`;
  }

  #renderActions(schedule: ScheduleView): TemplateResult {
    const canApprove = this.host.viewer.kind === "admin" && !schedule.approved;
    return html`<div class="row">
      ${
        canApprove
          ? html`<button type="button" class="primary" @click=${() => this.#act(approveSchedule, schedule)}>
              Approve
            </button>`
          : nothing
      }
      <button type="button" @click=${() => this.#act(runSchedule, schedule)}>Run now</button>
      <button type="button" @click=${() => this.#act(switchSchedule, schedule)}>
        ${schedule.enabled ? "Disable" : "Enable"}
      </button>
      <button type="button" class="danger" @click=${() => this.#remove(schedule)}>Remove</button>
    </div>`;
  }

  #renderFacts(schedule: ScheduleView): TemplateResult {
    const { tenant, tz, jitter, overlap, missed, grace, job, parameters, createdAt, createdBy } = schedule;
    const fact = (name: string, value: unknown): TemplateResult =>
      html`<dt>${name}</dt>
        <dd>${value}</dd>`;
    const given = Object.entries(parameters);
    return html`<section class="card stack" aria-labelledby="what">
      <h2 id="what">What it does</h2>
      <dl class="facts">
        ${fact("Whose", html`<span class="name">${tenant ?? "Gateway"}</span>`)}
        ${fact("When", html`${scheduleWords(schedule.schedule, tz)} <code>${schedule.schedule}</code>`)}
        ${jitter === undefined ? nothing : fact("Put off by", `a random time up to ${jitter}`)}
        ${fact("Job", html`<code>${job}</code>`)}
        ${given.map(([name, value]) => fact(name, html`<code class="name">${valueText(value)}</code>`))}
        ${fact("While it runs", OVERLAP[overlap] ?? overlap)}
        ${fact(
          "Missed runs",
          missed === "run" ? `One is made up for, up to ${grace} later` : "Are not made up for",
        )}
        ${fact("Rights", schedule.approved ? "An admin's" : "The tenant's own")}
        ${fact("Added", html`${dateTime(createdAt)} by <span class="name">${createdBy}</span>`)}
      </dl>
    </section>`;
  }

  #renderNextRuns({ nextRuns, enabled }: ScheduleView): TemplateResult {
    return html`<section class="card stack" aria-labelledby="next">
      <h2 id="next">Next runs</h2>
      ${
        nextRuns.length === 0
          ? html`<p class="muted">${enabled ? "There are none." : "None while it is disabled."}</p>`
          : html`<ol>
              ${nextRuns.map(({ at, words }) => html`<li><time datetime=${at}>${words}</time></li>`)}
            </ol>`
      }
    </section>`;
  }

  async #act(
    action: (host: UiHost, schedule: ScheduleView) => Promise<void>,
    schedule: ScheduleView,
  ): Promise<void> {
    await action(this.host, schedule);
    await this.#shown.reload();
  }

  async #remove(schedule: ScheduleView): Promise<void> {
    const confirmed = await this.renderRoot.querySelector<ConfirmElement>("oc-confirm")?.ask({
      title: `Remove ${schedule.name}?`,
      text: "It will not run any more, and its history goes with it. What its jobs have made stays.",
      action: "Remove",
    });
    if (confirmed === true && (await removeSchedule(this.host, schedule))) this.host.navigate("");
  }

  static override styles = [
    baseStyles,
    pageStyles,
    css`
      .columns {
        display: grid;
        gap: 1rem;
        grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
        align-items: start;
      }
      ol {
        margin: 0;
        padding-inline-start: 1.25rem;
        display: grid;
        gap: 0.25rem;
      }
    `,
  ];
}

customElements.define("oc-schedule-detail", ScheduleDetailElement);
