import { html, type TemplateResult } from "lit";
import type { TenantState } from "./overview-data.js";

interface Words {
  readonly sign: string;
  readonly word: string;
  /** Class of the badge. */
  readonly kind: string;
}

export const TENANT_STATES: Readonly<Record<TenantState, Words>> = {
  overdue: { sign: "!", word: "Overdue", kind: "bad" },
  failing: { sign: "✕", word: "Failing", kind: "bad" },
  damaged: { sign: "▲", word: "Damaged archive", kind: "warning" },
  none: { sign: "○", word: "No backup", kind: "warning" },
  ok: { sign: "✓", word: "Safe", kind: "good" },
};

/** How a tenant's backups do, by a sign, a word and a colour. */
export function tenantState(state: TenantState): TemplateResult {
  const { sign, word, kind } = TENANT_STATES[state];
  return html`<span class="badge ${kind}"><span aria-hidden="true">${sign}</span>${word}</span>`;
}
