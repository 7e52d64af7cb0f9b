import { html, type TemplateResult } from "lit";

/** A word on a ground of its colour; the word alone says it all. */
export function badge({ word, kind }: { readonly word: string; readonly kind: string }): TemplateResult {
  return html`<span class="badge ${kind}">${word}</span>`;
}
