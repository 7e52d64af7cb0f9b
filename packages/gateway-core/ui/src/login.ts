import { ApiError, baseStyles } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";

const ICON = new URL("./icon.svg", import.meta.url).href;

interface Problem {
  readonly text: string;
  readonly hint?: string | undefined;
}

/** Asks for a token; dispatches `token` with it. */
export class LoginElement extends LitElement {
  static override properties = {
    isOpening: { attribute: false },
    isShown: { state: true },
    problem: { state: true },
  };
  /** The gateway is being asked about a token. */
  declare isOpening: boolean;
  /** Whether the token can be read. */
  declare isShown: boolean;
  declare problem: Problem | undefined;

  constructor() {
    super();
    this.isOpening = false;
    this.isShown = false;
    this.problem = undefined;
  }

  /** Says why the token was not taken. */
  fail(error: unknown): void {
    this.problem = problemOf(error);
    this.renderRoot.querySelector("input")?.select();
  }

  protected override render(): TemplateResult {
    const { problem } = this;
    return html`<main>
      <form class="card stack" @submit=${this.#submit}>
        <div class="head">
          <img src=${ICON} alt="" width="40" height="40" />
          <h1>OpenClaw gateway</h1>
        </div>
        <p class="muted">Enter the admin token, or a tenant's own. It is kept for this tab only.</p>
        <div class="stack tight">
          <label for="token">Token</label>
          <div class="token">
            <input
              id="token"
              type=${this.isShown ? "text" : "password"}
              autocomplete="off"
              autocapitalize="none"
              spellcheck="false"
              required
              aria-describedby=${problem === undefined ? nothing : "problem"}
              aria-invalid=${problem === undefined ? nothing : "true"}
            />
            <button type="button" aria-controls="token" @click=${() => (this.isShown = !this.isShown)}>
              ${this.isShown ? "Hide" : "Show"}
            </button>
          </div>
        </div>
        <div id="problem" role="alert">${problem === undefined ? nothing : renderProblem(problem)}</div>
        <button class="primary" ?disabled=${this.isOpening}>${this.isOpening ? "Opening…" : "Open"}</button>
      </form>
    </main>`;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = this.renderRoot.querySelector("input")?.value.trim() ?? "";
    this.problem = undefined;
    if (token !== "" && !this.isOpening) this.dispatchEvent(new CustomEvent("token", { detail: token }));
  };

  protected override firstUpdated(): void {
    this.renderRoot.querySelector("input")?.focus();
  }

  static override styles = [
    baseStyles,
    css`
      main {
        display: grid;
        justify-items: center;
        padding: max(1rem, 16vh) 1rem 1rem;
      }
      form.card {
        width: min(25rem, 100%);
        padding: 1.75rem;
        box-shadow: 0 8px 32px rgb(0 0 0 / 6%);
      }
      .head {
        display: flex;
        align-items: center;
        gap: 0.75rem;
      }
      .token {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0.5rem;
      }
      [role="alert"]:empty {
        display: none;
      }
    `,
  ];
}

function renderProblem({ text, hint }: Problem): TemplateResult {
  return html`<div class="error">
    <p>${text}</p>
    ${hint === undefined ? nothing : html`<p class="small">${hint}</p>`}
  </div>`;
}

function problemOf(error: unknown): Problem {
  if (!(error instanceof ApiError)) return { text: String(error) };
  if (error.status === 401) return { text: "The gateway does not know this token." };
  return error.status === 0
    ? { text: error.message, hint: "Is it running?" }
    : { text: error.message, hint: error.hint };
}

customElements.define("oc-login", LoginElement);
