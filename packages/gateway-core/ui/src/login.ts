import { ApiError, baseStyles } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";

/** Asks for a token; dispatches `token` with it. */
export class LoginElement extends LitElement {
  static override properties = { problem: { state: true } };
  declare problem: { readonly text: string; readonly hint?: string | undefined } | undefined;

  constructor() {
    super();
    this.problem = undefined;
  }

  /** Says why the token was not taken. */
  fail(error: unknown): void {
    if (error instanceof ApiError && error.status === 401)
      this.problem = { text: "The gateway does not know this token." };
    else if (error instanceof ApiError) this.problem = { text: error.message, hint: error.hint };
    else this.problem = { text: String(error) };
    this.renderRoot.querySelector("input")?.select();
  }

  protected override render(): TemplateResult {
    return html`<main>
      <form class="card stack" @submit=${this.#submit}>
        <h1>OpenClaw gateway</h1>
        <p class="muted">Enter the admin token, or a tenant's own. It is kept for this tab only.</p>
        <div class="stack tight">
          <label for="token">Token</label>
          <input
            id="token"
            type="password"
            autocomplete="off"
            spellcheck="false"
            required
            aria-describedby=${this.problem === undefined ? nothing : "problem"}
            aria-invalid=${this.problem === undefined ? nothing : "true"}
          />
        </div>
        ${
          this.problem === undefined
            ? nothing
            : html`<div id="problem" class="error" role="alert">
                <p>${this.problem.text}</p>
                ${this.problem.hint === undefined ? nothing : html`<p class="small">${this.problem.hint}</p>`}
              </div>`
        }
        <button class="primary">Open</button>
      </form>
    </main>`;
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const token = this.renderRoot.querySelector("input")?.value.trim() ?? "";
    this.problem = undefined;
    if (token !== "") this.dispatchEvent(new CustomEvent("token", { detail: token }));
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector("input")?.focus();
  }

  static override styles = [
    baseStyles,
    css`
      main {
        display: grid;
        place-items: center;
        min-height: 90vh;
        padding: 1rem;
      }
      form {
        width: min(26rem, 100%);
        padding: 1.75rem;
      }
    `,
  ];
}

customElements.define("oc-login", LoginElement);
