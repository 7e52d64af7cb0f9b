/** Pieces that several pages show alike. */
import { html, type TemplateResult } from "lit";

/** A labelled field that finds while it is typed into. There is one on a page. */
export function searchField(label: string, value: string, onInput: (value: string) => void): TemplateResult {
  return html`<div class="row">
    <label for="search" class="small">${label}</label>
    <input
      id="search"
      type="search"
      autocomplete="off"
      spellcheck="false"
      .value=${value}
      @input=${(event: Event) => onInput((event.target as HTMLInputElement).value)}
    />
  </div>`;
}

/** In the place of what is not there yet, or could not be had. */
export function notYet(problem: unknown, onRetry: () => void): TemplateResult {
  if (problem === undefined) return html`<p class="muted" aria-busy="true">Loading…</p>`;
  return html`<oc-problem .error=${problem} can-retry @retry=${onRetry}></oc-problem>`;
}
