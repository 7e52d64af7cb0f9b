import { dateTime, scheduleWords } from "@openclaw/ui-kit";
import { html, nothing, type TemplateResult } from "lit";
import type { Schedule } from "./tenant-data.js";

const RUNS_SHOWN = 3;

/**
 * Schedules in plain words, with their next runs.
 *
 * @param approve Lets one run that waits for it; absent: the viewer may not.
 */
export function scheduleList(
  schedules: readonly Schedule[],
  approve: ((schedule: Schedule) => void) | undefined,
): TemplateResult {
  if (schedules.length === 0) return html`<p class="muted">There is no schedule.</p>`;
  return html`<ul class="plain">
    ${schedules.map(
      (schedule) =>
        html`<li class="stack tight">
          <div class="row">
            <strong class="name">${schedule.name}</strong>
            <span class="badge ${schedule.enabled && schedule.problem === undefined ? "good" : "warning"}"
              >${wordFor(schedule)}</span
            >
          </div>
          <div>
            ${scheduleWords(schedule.schedule, schedule.tz)} <span class="muted">(${schedule.job})</span>
          </div>
          ${schedule.problem === undefined ? nothing : html`<p class="small name">${schedule.problem}</p>`}
          ${
            approve !== undefined && !schedule.approved && schedule.problem !== undefined
              ? html`<div>
                  <button
                    type="button"
                    aria-label="Approve ${schedule.name}"
                    @click=${() => approve(schedule)}
                  >
                    Approve
                  </button>
                </div>`
              : nothing
          }
          ${
            schedule.nextRuns.length === 0
              ? nothing
              : html`<p class="small muted">
                  Next:
                  ${schedule.nextRuns
                    .slice(0, RUNS_SHOWN)
                    .map(
                      ({ at, words }, index) =>
                        html`${index === 0 ? "" : "; "}<time datetime=${at} title=${dateTime(at)}
                            >${words}</time
                          >`,
                    )}
                </p>`
          }
        </li>`,
    )}
  </ul>`;
}

function wordFor({ enabled, problem }: Schedule): string {
  if (!enabled) return "off";
  return problem === undefined ? "on" : "does not run";
}
