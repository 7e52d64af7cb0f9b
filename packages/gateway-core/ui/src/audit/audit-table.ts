import { html, nothing, type TemplateResult } from "lit";
import { badge } from "../shared/badge.js";
import { valueText } from "../shared/value-text.js";
import { resultKind, type AuditLine } from "./audit-line.js";

export function auditTable(lines: readonly AuditLine[]): TemplateResult {
  return html`<div class="card table">
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Who</th>
          <th scope="col">Action</th>
          <th scope="col">Tenant</th>
          <th scope="col">Result</th>
          <th scope="col">More</th>
        </tr>
      </thead>
      <tbody>
        ${lines.map(lineRow)}
      </tbody>
    </table>
  </div>`;
}

function lineRow(line: AuditLine): TemplateResult {
  const { time, actor, from, action, tenant, result, code } = line;
  return html`<tr>
    <td data-label="Time">
      <time class="nowrap" datetime=${time}>${moment(time)}</time>
    </td>
    <td data-label="Who">
      <span class="name">${actor}</span>
      ${from === undefined ? nothing : html`<span class="small muted name">${from}</span>`}
    </td>
    <td data-label="Action"><code class="name">${action}</code></td>
    <td data-label="Tenant" class="name">${tenant ?? "–"}</td>
    <td data-label="Result">
      ${badge({ word: result, kind: resultKind(result) })}
      ${code === undefined ? nothing : html`<code class="muted">${code}</code>`}
    </td>
    <td>
      <details>
        <summary aria-label="More of line ${line.seq}">${line.seq}</summary>
        <dl class="facts">
          ${Object.entries({ time, request: line.request, ...line.details, hash: line.hash }).map(
            ([name, value]) =>
              value === undefined
                ? nothing
                : html`<dt>${name}</dt>
                    <dd><code class="name">${valueText(value)}</code></dd>`,
          )}
        </dl>
      </details>
    </td>
  </tr>`;
}

/** To the second: what came first can matter. */
function moment(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}
