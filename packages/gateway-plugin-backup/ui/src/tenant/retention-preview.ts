import { baseStyles, bytes, dateTime, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import "../jobs/job-progress.js";
import type { Accepted, JobView } from "../jobs/job-view.js";

interface Judged {
  readonly id: string;
  readonly createdAt: string;
  readonly size: number;
  readonly keep: boolean;
  readonly reasons: readonly string[];
}

/** What a prune by the configured policy would remove now, and why: a dry run of one. */
export class RetentionPreviewElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    tenant: { attribute: false },
    job: { state: true },
    result: { state: true },
    problem: { state: true },
  };
  declare host: UiHost;
  declare tenant: string;
  declare job: string | undefined;
  declare result: JobView | undefined;
  declare problem: unknown;

  constructor() {
    super();
    this.job = undefined;
    this.result = undefined;
    this.problem = undefined;
  }

  protected override render(): TemplateResult {
    return html`<div class="stack tight">
      <p class="small muted">
        What a prune by the configured retention policy would remove now. Nothing is removed.
      </p>
      ${this.problem === undefined ? nothing : html`<oc-problem .error=${this.problem}></oc-problem>`}
      ${
        this.job === undefined || this.result?.state === "succeeded"
          ? html`<div>
              <button type="button" @click=${this.#look}>
                ${this.result === undefined ? "Preview" : "Look again"}
              </button>
            </div>`
          : html`<oc-job-progress
              .host=${this.host}
              .job=${this.job}
              @ended=${({ detail }: CustomEvent<JobView>) => (this.result = detail)}
              @retry=${this.#look}
            ></oc-job-progress>`
      }
      ${this.#renderResult()}
    </div>`;
  }

  #renderResult(): TemplateResult | typeof nothing {
    const judged = this.result?.result?.["archives"] as readonly Judged[] | undefined;
    if (judged === undefined) return nothing;
    const doomed = judged.filter(({ keep }) => !keep);
    if (doomed.length === 0) return html`<p role="status">All ${judged.length} backups are kept.</p>`;
    const freed = doomed.reduce((sum, { size }) => sum + size, 0);
    return html`<p role="status">
        ${doomed.length} of ${judged.length} backups would be removed: ${bytes(freed)}.
      </p>
      <div class="scroll" tabindex="0" role="region" aria-label="What a prune would do">
        <table>
          <thead>
            <tr>
              <th scope="col">Backup</th>
              <th scope="col" class="number">Size</th>
              <th scope="col">Would be</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            ${[...doomed, ...judged.filter(({ keep }) => keep)].map(
              ({ createdAt, size, keep, reasons }) =>
                html`<tr>
                  <th scope="row">${dateTime(createdAt)}</th>
                  <td class="number">${bytes(size)}</td>
                  <td>
                    <span class="badge ${keep ? "good" : "warning"}">${keep ? "kept" : "removed"}</span>
                  </td>
                  <td>${reasons.join(", ")}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`;
  }

  readonly #look = async (): Promise<void> => {
    this.result = undefined;
    this.job = undefined;
    this.problem = undefined;
    try {
      const path = `/api/admin/tenants/${encodeURIComponent(this.tenant)}/prune`;
      this.job = (await this.host.api.send<Accepted>("POST", path, { dryRun: true })).job.id;
    } catch (error) {
      this.problem = error;
    }
  };

  static override styles = [
    baseStyles,
    css`
      .scroll {
        position: relative;
        max-height: 24rem;
        overflow: auto;
      }
    `,
  ];
}

customElements.define("oc-retention-preview", RetentionPreviewElement);
