import { relativeTime, type UiHost } from "@openclaw/ui-kit";
import { html, nothing, type TemplateResult } from "lit";
import { isStuck, type TenantOverview } from "./overview-data.js";
import { tenantState } from "./tenant-state.js";

/** What is wrong with whom, and what can be done about it. */
export function attentionList(
  host: UiHost,
  tenants: readonly TenantOverview[],
  now: number,
  backUp: (tenant: string) => void,
): TemplateResult {
  return html`<ul class="attention">
    ${tenants.map((one) => {
      const address = host.href(`tenants/${encodeURIComponent(one.tenant)}`);
      return html`<li>
        <div>
          <span class="row">${tenantState(one.state)} <a class="name" href=${address}>${one.tenant}</a></span>
          <span class="small muted name">${reasonOf(one, now)}</span>
        </div>
        <div class="row">
          ${
            one.failedJob === undefined
              ? nothing
              : html`<a
                  class="button"
                  href=${host.href(`jobs/${encodeURIComponent(one.failedJob)}`)}
                  aria-label="See the job of ${one.tenant}"
                  >See the job</a
                >`
          }
          ${
            one.state === "damaged" && one.damagedArchive !== undefined
              ? html`<a
                  class="button"
                  href=${host.href(`archives/${encodeURIComponent(one.damagedArchive)}`)}
                  aria-label="Look at the archive of ${one.tenant}"
                  >Look at the archive</a
                >`
              : nothing
          }
          ${
            isStuck(one)
              ? html`<a class="button" href=${address} aria-label="See the schedule of ${one.tenant}"
                  >See the schedule</a
                >`
              : nothing
          }
          ${
            one.job === undefined
              ? html`<button
                  type="button"
                  aria-label="Back up now: ${one.tenant}"
                  @click=${() => backUp(one.tenant)}
                >
                  Back up now
                </button>`
              : html`<a href=${host.href(`jobs/${encodeURIComponent(one.job.id)}`)}
                  >A job is ${one.job.state === "running" ? "running" : "waiting"}</a
                >`
          }
        </div>
      </li>`;
    })}
  </ul>`;
}

function reasonOf(one: TenantOverview, now: number): string {
  const last =
    one.lastBackup === undefined
      ? "There is no good backup."
      : `The last good backup was ${relativeTime(one.lastBackup, now)}.`;
  const failure =
    one.failureCode === undefined ? [] : [`The last one failed${failedAt(one, now)}: ${one.failureCode}.`];
  const late =
    one.state !== "overdue" || one.deadline === undefined
      ? []
      : [`It was due ${relativeTime(one.deadline, now)}.`];
  const damaged = one.state === "damaged" ? ["A check found an archive damaged."] : [];
  return [last, ...late, ...failure, ...damaged, ...(isStuck(one) ? [one.schedule] : [])].join(" ");
}

function failedAt({ lastFailure }: TenantOverview, now: number): string {
  return lastFailure === undefined ? "" : ` ${relativeTime(lastFailure, now)}`;
}
