import { dateTime, relativeTime } from "@openclaw/ui-kit";
import { html, type TemplateResult } from "lit";

/** `3 hours ago`, with the time itself for who wants to know it exactly. */
export function when(time: string): TemplateResult {
  return html`<time datetime=${time} title=${dateTime(time)}>${relativeTime(time)}</time>`;
}
