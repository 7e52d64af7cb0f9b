import { baseStyles, count, dateTime, defineProblem, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { Verified } from "./audit-line.js";

defineProblem();

/** Checks the chain of the log, and says what was found. */
export class VerifyLogElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    isChecking: { state: true },
    found: { state: true },
    error: { state: true },
  };
  declare host: UiHost;
  declare isChecking: boolean;
  declare found: Verified | undefined;
  declare error: unknown;

  constructor() {
    super();
    this.isChecking = false;
    this.found = undefined;
    this.error = undefined;
  }

  protected override render(): TemplateResult {
    return html`<div class="stack tight">
      <div class="row">
        <button type="button" ?disabled=${this.isChecking} @click=${this.#verify}>
          ${this.isChecking ? "Checking…" : "Check the log"}
        </button>
        <span class="small muted">Looks for lines that were changed, taken out, put in or moved.</span>
      </div>
      <div role="status">${this.found === undefined ? nothing : this.#renderFound(this.found)}</div>
      ${this.error === undefined ? nothing : html`<oc-problem .error=${this.error}></oc-problem>`}
    </div>`;
  }

  #renderFound({ ok, lines, files, torn, first, head, faultCount, faults }: Verified): TemplateResult {
    const since = first === undefined ? "" : ` since ${dateTime(first.time)}`;
    return html`<div class="card stack tight ${ok ? "good" : "error"}">
      <p>
        <strong>${ok ? "The log is whole." : `The log is damaged: ${count(faultCount)} faults.`}</strong>
        ${count(lines)} lines in ${count(files)} ${files === 1 ? "file" : "files"}${since}.
        ${torn === 0 ? nothing : html`${count(torn)} cut off by a crash, as the log itself says.`}
      </p>
      ${
        faults.length === 0
          ? nothing
          : html`<ul>
              ${faults.map(({ file, line, problem }) => html`<li><code>${file}:${line}</code> ${problem}</li>`)}
            </ul>`
      }
      <p class="small muted">
        Last line: <code class="name">${head.seq}:${head.hash}</code>. Kept elsewhere, it shows later that
        nothing was cut off.
      </p>
    </div>`;
  }

  readonly #verify = async (): Promise<void> => {
    this.isChecking = true;
    this.error = undefined;
    try {
      this.found = await this.host.api.get<Verified>("/api/admin/audit/verify");
    } catch (error) {
      this.found = undefined;
      this.error = error;
    }
    this.isChecking = false;
  };

  static override styles = [
    baseStyles,
    css`
      .good {
        border-inline-start: 4px solid var(--oc-good);
      }
      ul {
        margin: 0;
        padding-inline-start: 1.25rem;
      }
    `,
  ];
}

customElements.define("oc-verify-log", VerifyLogElement);
