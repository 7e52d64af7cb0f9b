import { count } from "@openclaw/ui-kit";
import { html, nothing, type TemplateResult } from "lit";
import type { JobWarning } from "./job-view.js";

/** More of them hide what follows. */
const SHOWN_AT_ONCE = 3;

/** Files that a backup left out, and the like. */
export function jobWarnings(warnings: readonly JobWarning[]): TemplateResult | typeof nothing {
  if (warnings.length === 0) return nothing;
  const title = warnings.length === 1 ? "1 warning" : `${count(warnings.length)} warnings`;
  return html`<details class="warnings" ?open=${warnings.length <= SHOWN_AT_ONCE}>
    <summary>${title}</summary>
    <ul>
      ${warnings.map(
        ({ path, message }) =>
          html`<li>${path === undefined ? nothing : html`<code class="name">${path}</code> `}${message}</li>`,
      )}
    </ul>
  </details>`;
}
