import { html, type TemplateResult } from "lit";
import { stateWord, type JobState } from "./job-view.js";

const SIGNS: Readonly<Record<JobState, readonly [sign: string, kind: string]>> = {
  queued: ["○", ""],
  running: ["◔", ""],
  succeeded: ["✓", "good"],
  failed: ["✕", "bad"],
  cancelled: ["–", ""],
  interrupted: ["!", "warning"],
};

/** A job's state, by a sign, a word and a colour. */
export function jobState(state: JobState): TemplateResult {
  const [sign, kind] = SIGNS[state];
  return html`<span class="badge ${kind}"><span aria-hidden="true">${sign}</span>${stateWord(state)}</span>`;
}
