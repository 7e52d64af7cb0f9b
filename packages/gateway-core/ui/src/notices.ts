import { baseStyles, type Notice } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";

/** Long enough to read two sentences twice. */
const SHOWN_MS = 8000;

interface Shown extends Notice {
  readonly id: number;
}

/** What came of things, in a corner of the page. Errors stay until they are closed. */
export class NoticesElement extends LitElement {
  static override properties = { shown: { state: true } };
  declare shown: readonly Shown[];
  #last = 0;

  constructor() {
    super();
    this.shown = [];
  }

  add(notice: Notice): void {
    const id = ++this.#last;
    this.shown = [...this.shown, { ...notice, id }];
    if (notice.kind !== "error") setTimeout(() => this.#remove(id), SHOWN_MS);
  }

  #remove(id: number): void {
    this.shown = this.shown.filter((one) => one.id !== id);
  }

  protected override render(): TemplateResult {
    return html`<div role="status" aria-live="polite">
      ${this.shown.map(
        ({ id, kind, text, hint }) =>
          html`<div class="notice ${kind}">
            <div>
              <p>${text}</p>
              ${hint === undefined ? nothing : html`<p class="small muted">${hint}</p>`}
            </div>
            <button type="button" class="plain" aria-label="Close" @click=${() => this.#remove(id)}>✕</button>
          </div>`,
      )}
    </div>`;
  }

  static override styles = [
    baseStyles,
    css`
      :host {
        position: fixed;
        inset-block-end: 1rem;
        inset-inline-end: 1rem;
        z-index: 4;
        width: min(26rem, calc(100vw - 2rem));
      }
      .notice {
        display: flex;
        justify-content: space-between;
        gap: 0.5rem;
        margin-block-start: 0.5rem;
        padding: 0.625rem 0.5rem 0.625rem 0.875rem;
        border: 1px solid var(--oc-border);
        border-inline-start: 4px solid var(--oc-border-strong);
        border-radius: var(--oc-radius);
        background: var(--oc-surface);
        box-shadow: 0 4px 16px rgb(0 0 0 / 20%);
        overflow-wrap: anywhere;
      }
      .success {
        border-inline-start-color: var(--oc-good);
      }
      .error {
        border-inline-start-color: var(--oc-bad);
        background: var(--oc-surface);
      }
    `,
  ];
}

customElements.define("oc-notices", NoticesElement);
