import { bytes, count, dateTime, duration } from "@openclaw/ui-kit";
import { html, nothing, type TemplateResult } from "lit";
import type { JsonDocument } from "./job-view.js";

/** Lists longer than this are cut: a prune accounts for each archive. */
const MOST_ITEMS = 50;

/** What a job was asked, or what came of it, as names and values. */
export function jsonFacts(document: JsonDocument): TemplateResult | typeof nothing {
  const facts = Object.entries(document);
  if (facts.length === 0) return nothing;
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<dt>${title(name)}</dt>
          <dd>${shown(name, value)}</dd>`,
    )}
  </dl>`;
}

/** `durationMs` as `Duration`. */
function title(name: string): string {
  const words = name
    .replace(/Ms$/, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shown(name: string, value: unknown): TemplateResult | string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return number(name, value);
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return list(name, value as readonly unknown[]);
  if (typeof value === "object" && value !== null) return html`${jsonFacts(value as JsonDocument)}`;
  return "–";
}

const BYTES = /bytes$|^size$|^(planned|read|reused|uploaded|stored)$/i;

function number(name: string, value: number): string {
  if (name.endsWith("Ms")) return duration(value);
  return BYTES.test(name) ? bytes(value) : count(value);
}

function text(value: string): TemplateResult {
  const isTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
  return isTime
    ? html`<time datetime=${value}>${dateTime(value)}</time>`
    : html`<span class="name">${value}</span>`;
}

function list(name: string, values: readonly unknown[]): TemplateResult | string {
  if (values.length === 0) return "none";
  const rest = values.length - MOST_ITEMS;
  return html`<details>
    <summary>${count(values.length)}</summary>
    <ul>
      ${values.slice(0, MOST_ITEMS).map((value) => html`<li>${shown(name, value)}</li>`)}
      ${rest > 0 ? html`<li class="muted">and ${count(rest)} more</li>` : nothing}
    </ul>
  </details>`;
}
