import { dateTime, duration } from "@openclaw/ui-kit";
import { html, nothing, type TemplateResult } from "lit";
import { badge } from "../shared/badge.js";
import { when } from "../shared/time.js";
import { runState } from "./schedule-state.js";
import type { RunView } from "./schedule-view.js";

const BY: Readonly<Record<string, string>> = { schedule: "Its time", missed: "Made up for a missed time" };

/** The last runs of a schedule, the newest first. */
export function runTable(runs: readonly RunView[]): TemplateResult {
  return html`<div class="card table">
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Outcome</th>
          <th scope="col">Took</th>
          <th scope="col">Why it ran</th>
          <th scope="col">Job</th>
        </tr>
      </thead>
      <tbody>
        ${runs.map(runRow)}
      </tbody>
    </table>
  </div>`;
}

function runRow(run: RunView): TemplateResult {
  const { at, by, jobId, code, job } = run;
  const state = runState(run);
  const end = job?.finishedAt;
  return html`<tr>
    <td data-label="Time">
      <span class="nowrap">${dateTime(at)}</span> <span class="small muted">${when(at)}</span>
    </td>
    <td data-label="Outcome">
      ${badge(state)}
      ${state.sentence === undefined ? nothing : html`<div class="small">${state.sentence}</div>`}
      ${code === undefined ? nothing : html`<code class="muted">${code}</code>`}
    </td>
    <td data-label="Took" class="nowrap">
      ${end === undefined ? "–" : duration(Math.max(0, Date.parse(end) - Date.parse(at)))}
    </td>
    <td data-label="Why it ran" class="name">${BY[by] ?? `Run by ${by}`}</td>
    <td data-label="Job">${jobId === undefined ? "–" : html`<code>${jobId}</code>`}</td>
  </tr>`;
}
