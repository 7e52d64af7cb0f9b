import { relativeTime, type UiHost } from "@openclaw/ui-kit";
import { html, type TemplateResult } from "lit";
import type { GatewayOverview } from "./overview-data.js";
import { TENANT_STATES, tenantState } from "./tenant-state.js";

/** How the backups of the whole gateway do, with what can be done about it. */
export function gatewayTile(
  host: UiHost,
  { state, lastBackup, failureCode, failedJob, job }: GatewayOverview,
  now: number,
  backUp: () => void,
): TemplateResult {
  const age = lastBackup === undefined ? "never backed up" : `backed up ${relativeTime(lastBackup, now)}`;
  return html`<div class="card ${TENANT_STATES[state].kind}">
    <dt>Whole gateway</dt>
    <dd>${tenantState(state)}</dd>
    <dd class="small muted">
      ${age}${failureCode === undefined ? "" : `, then ${failureCode}: `}
      ${
        failedJob === undefined
          ? ""
          : html`<a href=${jobAddress(host, failedJob)} aria-label="See the gateway's job that failed"
              >job</a
            >`
      }
    </dd>
    <dd>
      ${
        job === undefined
          ? html`<button
              type="button"
              class="link small"
              aria-label="Back up now: the whole gateway"
              @click=${backUp}
            >
              Back up now
            </button>`
          : html`<a class="small" href=${jobAddress(host, job.id)}
              >A job is ${job.state === "running" ? "running" : "waiting"}</a
            >`
      }
    </dd>
  </div>`;
}

function jobAddress(host: UiHost, id: string): string {
  return host.href(`jobs/${encodeURIComponent(id)}`);
}
