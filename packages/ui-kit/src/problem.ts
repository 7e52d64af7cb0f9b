import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { ApiError } from "./api.js";
import { baseStyles } from "./styles/base.js";

/** What went wrong, what to do, and, where somebody listens to `retry`, a button for it. */
export class ProblemElement extends LitElement {
  static override properties = {
    error: { attribute: false },
    canRetry: { type: Boolean, attribute: "can-retry" },
  };
  declare error: unknown;
  declare canRetry: boolean;

  constructor() {
    super();
    this.error = undefined;
    this.canRetry = false;
  }

  /** While nothing is wrong it takes no place, not even a gap. */
  protected override updated(): void {
    this.toggleAttribute("hidden", this.error === undefined);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { error } = this;
    if (error === undefined) return nothing;
    const message = error instanceof Error ? error.message : "Something failed that gives no reason.";
    const { code, hint } = error instanceof ApiError ? error : { code: undefined, hint: undefined };
    return html`<div class="error stack tight" role="alert">
      <p>${message}</p>
      ${hint === undefined ? nothing : html`<p class="small">${hint}</p>`}
      ${code === undefined ? nothing : html`<p class="small muted code">${code}</p>`}
      ${
        this.canRetry
          ? html`<div>
              <button type="button" @click=${() => this.dispatchEvent(new Event("retry"))}>Try again</button>
            </div>`
          : nothing
      }
    </div>`;
  }

  static override styles = [
    baseStyles,
    css`
      .code {
        font-family: var(--oc-mono);
      }
    `,
  ];
}

/** Defines `<oc-problem>`, unless the shell or another panel has done so. */
export function defineProblem(): void {
  if (customElements.get("oc-problem") === undefined) customElements.define("oc-problem", ProblemElement);
}
