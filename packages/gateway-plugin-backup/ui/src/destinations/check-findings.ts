import { baseStyles, bytes, duration } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { JobView, JsonDocument } from "../jobs/job-view.js";

export interface CheckFinding {
  readonly what: string;
  readonly outcome: "ok" | "info" | "lacking" | "denied" | "failed";
  readonly message: string;
  readonly consequence?: string;
}

interface CheckReport {
  readonly findings?: readonly CheckFinding[];
  readonly speed?: {
    readonly latencyMs?: number;
    readonly writeBytesPerSecond: number;
    readonly readBytesPerSecond: number;
  };
  readonly leftBehind?: readonly string[];
}

const SIGNS: Readonly<Record<CheckFinding["outcome"], readonly [sign: string, word: string, kind: string]>> =
  {
    ok: ["✓", "Works", "good"],
    info: ["i", "Good to know", ""],
    lacking: ["!", "Missing", "warning"],
    denied: ["✕", "Denied", "bad"],
    failed: ["✕", "Failed", "bad"],
  };

/** What is worst comes first. */
const ORDER: readonly CheckFinding["outcome"][] = ["failed", "denied", "lacking", "info", "ok"];

/** A job that failed has them in its error. */
export function reportOf({ result, error }: JobView): CheckReport | undefined {
  const { details } = (error ?? {}) as { readonly details?: JsonDocument };
  const report = (result ?? details) as CheckReport | undefined;
  return report?.findings === undefined ? undefined : report;
}

/** What a check of a destination has found, and what follows from it. */
export class CheckFindingsElement extends LitElement {
  static override properties = { job: { attribute: false } };
  /** A check that is over. */
  declare job: JobView;

  protected override render(): TemplateResult | typeof nothing {
    const report = reportOf(this.job);
    if (report === undefined) return nothing;
    const { findings = [], speed, leftBehind = [] } = report;
    const sorted = findings.toSorted((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
    return html`<ul aria-label="Findings">
        ${sorted.map((finding) => renderFinding(finding))}
      </ul>
      ${
        speed === undefined
          ? nothing
          : html`<p class="small muted">
              Writes ${bytes(speed.writeBytesPerSecond)}/s, reads
              ${bytes(speed.readBytesPerSecond)}/s${
                speed.latencyMs === undefined ? "" : `, answers within ${duration(speed.latencyMs)}`
              }.
            </p>`
      }
      ${
        leftBehind.length === 0
          ? nothing
          : html`<p class="small">
              These could not be removed:
              ${leftBehind.map((place) => html`<code class="name">${place}</code> `)}
            </p>`
      }`;
  }

  static override styles = [
    baseStyles,
    css`
      ul {
        display: grid;
        gap: 0.375rem;
        margin: 0 0 0.5rem;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 8.5rem minmax(0, 1fr);
        gap: 0.5rem;
        align-items: start;
        overflow-wrap: anywhere;
      }
      .badge {
        justify-self: start;
      }
      @media (max-width: 40rem) {
        li {
          grid-template-columns: minmax(0, 1fr);
          gap: 0.125rem;
        }
      }
    `,
  ];
}

function renderFinding({ outcome, message, consequence }: CheckFinding): TemplateResult {
  const [sign, word, kind] = SIGNS[outcome];
  return html`<li>
    <span class="badge ${kind}"><span aria-hidden="true">${sign}</span>${word}</span>
    <span
      >${message}
      ${consequence === undefined ? nothing : html`<span class="muted">${consequence}</span>`}</span
    >
  </li>`;
}

customElements.define("oc-check-findings", CheckFindingsElement);
