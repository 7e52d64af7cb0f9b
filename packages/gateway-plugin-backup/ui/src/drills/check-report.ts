import { baseStyles, bytes, count, duration, type UiHost, shownName } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { signature } from "../archive/archive-facts.js";
import type { JobView, JsonDocument } from "../jobs/job-view.js";

/** What a drill or a verification says of one archive. */
interface CheckedArchive {
  readonly archiveId?: string;
  readonly location: string;
  /** `good`, `failed` (of no full use), `damaged`, `lost`, `removed`, or `unknown`: it could not be looked at. */
  readonly outcome: string;
  readonly message?: string;
  readonly bytesRead?: number;
  readonly restoreMs?: number;
  readonly totals?: { readonly files: number };
  readonly databases?: { readonly checked: number };
  readonly json?: { readonly checked: number };
  readonly segments?: number;
  readonly segmentsChecked?: number;
  readonly signedBy?: { readonly trust: string; readonly keyId?: string };
  readonly findings?: readonly {
    readonly severity: string;
    readonly path: string;
    readonly message: string;
  }[];
  readonly notChecked?: readonly string[];
}

const OUTCOMES: Readonly<Record<string, readonly [sign: string, word: string, kind: string]>> = {
  good: ["✓", "Good", "good"],
  failed: ["✕", "Not all of use", "bad"],
  damaged: ["✕", "Damaged", "bad"],
  lost: ["✕", "Not found", "bad"],
  removed: ["–", "Removed meanwhile", ""],
};

/** A job that failed has them in its error. */
export function checkedArchives({ result, error }: JobView): readonly CheckedArchive[] {
  const { details } = (error ?? {}) as { readonly details?: JsonDocument };
  const archives = (result ?? details)?.["archives"];
  return Array.isArray(archives) ? (archives as CheckedArchive[]) : [];
}

/** What a drill, or a verification, has found. */
export class CheckReportElement extends LitElement {
  static override properties = { host: { attribute: false }, job: { attribute: false } };
  declare host: UiHost;
  /** One that is over. */
  declare job: JobView;

  protected override render(): TemplateResult {
    return html`<ul>
      ${checkedArchives(this.job).map((archive) => this.#renderArchive(archive))}
    </ul>`;
  }

  #renderArchive(archive: CheckedArchive): TemplateResult {
    const { outcome, location, message, findings = [], notChecked = [], signedBy } = archive;
    const [sign, word, kind] = OUTCOMES[outcome] ?? ["?", "Could not be looked at", "warning"];
    const address = encodeURIComponent(archive.archiveId ?? location);
    return html`<li class="stack tight">
      <p class="row">
        <span class="badge ${kind}"><span aria-hidden="true">${sign}</span>${word}</span>
        <a class="name" href=${this.host.href(`archives/${address}`)}>${location}</a>
      </p>
      ${message === undefined || message === this.job.error?.message ? nothing : html`<p>${message}</p>`}
      <p class="small muted">${figures(archive)}</p>
      ${signedBy === undefined ? nothing : html`<p class="small">${signature(signedBy)}</p>`}
      ${
        findings.length === 0
          ? nothing
          : html`<ul class="findings">
              ${findings.map(
                ({ severity, path, message: found }) =>
                  html`<li>
                    ${severity === "problem" ? "Problem" : "Warning"}:
                    <code><bdi class="name">${shownName(path)}</bdi></code>
                    ${found}
                  </li>`,
              )}
            </ul>`
      }
      ${notChecked.length === 0 ? nothing : html`<p class="small muted">Not checked: ${notChecked.join(", ")}.</p>`}
    </li>`;
  }

  static override styles = [
    baseStyles,
    css`
      ul {
        display: grid;
        gap: 0.75rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .findings {
        gap: 0.25rem;
        padding-inline-start: 1.25rem;
        list-style: disc;
      }
      li {
        overflow-wrap: anywhere;
      }
    `,
  ];
}

function figures({
  bytesRead,
  restoreMs,
  totals,
  databases,
  json,
  segments,
  segmentsChecked,
}: CheckedArchive): string {
  const parts = [
    ...(bytesRead === undefined ? [] : [`${bytes(bytesRead)} read`]),
    ...(restoreMs === undefined ? [] : [`restored in ${duration(restoreMs)}`]),
    ...(totals === undefined ? [] : [`${count(totals.files)} files compared`]),
    ...(databases === undefined ? [] : [`${count(databases.checked)} databases checked`]),
    ...(json === undefined ? [] : [`${count(json.checked)} JSON files parsed`]),
    ...(segments === undefined || segmentsChecked === undefined
      ? []
      : [`${count(segmentsChecked)} of ${count(segments)} segments checked`]),
  ];
  return parts.join(", ");
}

customElements.define("oc-check-report", CheckReportElement);
