import { dateTime, duration, relativeTime, type UiHost } from "@openclaw/ui-kit";
import { html, nothing, type TemplateResult } from "lit";
import { jobState } from "./job-state.js";
import { typeWord, type JobView } from "./job-view.js";

/** Jobs, newest first. */
export function jobTable(
  host: UiHost,
  jobs: readonly JobView[],
  label: string,
  showsTenant = true,
): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead>
        <tr>
          <th scope="col">Job</th>
          ${showsTenant ? html`<th scope="col">Tenant</th>` : nothing}
          <th scope="col">State</th>
          <th scope="col">Begun</th>
          <th scope="col" class="number">Took</th>
          <th scope="col">Started by</th>
        </tr>
      </thead>
      <tbody>
        ${jobs.map((job) => jobRow(host, job, showsTenant))}
      </tbody>
    </table>
  </div>`;
}

function jobRow(host: UiHost, job: JobView, showsTenant: boolean): TemplateResult {
  const { id, type, tenant, state, createdAt, trigger, error, warnings } = job;
  return html`<tr>
    <td><a href=${host.href(`jobs/${encodeURIComponent(id)}`)}>${nameOf(job, type)}</a></td>
    ${
      showsTenant
        ? html`<td>
            ${
              tenant === undefined
                ? html`<span class="muted">–</span>`
                : html`<a class="name" href=${host.href(`tenants/${encodeURIComponent(tenant)}`)}
                    >${tenant}</a
                  >`
            }
          </td>`
        : nothing
    }
    <td>
      ${jobState(state)}
      ${error === undefined ? nothing : html`<code class="small muted">${error.code}</code>`}
      ${warnings.length === 0 ? nothing : html`<span class="small muted">with warnings</span>`}
    </td>
    <td><time datetime=${createdAt} title=${dateTime(createdAt)}>${relativeTime(createdAt)}</time></td>
    <td class="number">${tookOf(job) ?? "–"}</td>
    <td>${TRIGGERS[trigger] ?? trigger}</td>
  </tr>`;
}

function nameOf({ request }: JobView, type: string): string {
  return request["dryRun"] === true ? `${typeWord(type)} (dry run)` : typeWord(type);
}

export function tookOf({ startedAt, finishedAt }: JobView): string | undefined {
  if (startedAt === undefined || finishedAt === undefined) return undefined;
  return duration(new Date(finishedAt).getTime() - new Date(startedAt).getTime());
}

/** Who started a job. */
export const TRIGGERS: Readonly<Record<string, string>> = {
  cron: "a schedule",
  api: "the API",
  cli: "the command line",
  ui: "this page",
};
