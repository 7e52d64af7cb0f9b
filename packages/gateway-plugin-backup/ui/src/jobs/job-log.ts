import { duration, timeOfDay } from "@openclaw/ui-kit";
import { html, nothing, type TemplateResult } from "lit";
import { phaseWord, type JobView } from "./job-view.js";

/** What a job did one after the other, when it began to, and how long it took. */
export function jobLog({ log = [], finishedAt }: JobView): TemplateResult | typeof nothing {
  if (log.length === 0) return nothing;
  return html`<section class="card stack tight" aria-labelledby="log">
    <h2 id="log">Log</h2>
    <dl class="facts">
      ${log.map(({ at, phase, message }, i) => {
        const next = log[i + 1]?.at ?? finishedAt;
        const took = next === undefined ? undefined : new Date(next).getTime() - new Date(at).getTime();
        return html`<dt><time datetime=${at}>${timeOfDay(at)}</time></dt>
          <dd>
            ${phaseWord(phase)}${message === undefined ? nothing : html`: <span class="name">${message}</span>`}
            ${took === undefined ? nothing : html`<span class="muted">${duration(took)}</span>`}
          </dd>`;
      })}
    </dl>
  </section>`;
}
