import { ApiError, baseStyles, defineProblem } from "@openclaw/ui-kit";
import { css, html, LitElement, type TemplateResult } from "lit";
import type { Decrypt } from "./archive-view.js";

defineProblem();

/** Asks for the key of an encrypted archive; dispatches `key` with a {@link Decrypt} as `detail`. */
export class KeyFormElement extends LitElement {
  static override properties = { error: { attribute: false }, kind: { state: true } };
  /** Why the key is asked for. */
  declare error: unknown;
  declare kind: "identity" | "passphrase";

  constructor() {
    super();
    this.error = undefined;
    this.kind = "identity";
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const value = new FormData(event.target as HTMLFormElement).get("key");
    if (typeof value !== "string" || value.trim() === "") return;
    const key: Decrypt = this.kind === "identity" ? { identity: value } : { passphrase: value };
    this.dispatchEvent(new CustomEvent<Decrypt>("key", { detail: key }));
  };

  protected override render(): TemplateResult {
    return html`<form class="card stack" autocomplete="off" @submit=${this.#submit}>
      <h2>This archive is encrypted</h2>
      <oc-problem .error=${isFirstAsked(this.error) ? undefined : this.error}></oc-problem>
      <fieldset class="row">
        <legend class="small muted">Open it with</legend>
        ${this.#choice("identity", "An identity file")} ${this.#choice("passphrase", "A passphrase")}
      </fieldset>
      ${
        this.kind === "identity"
          ? html`<div class="stack tight">
              <label for="key">Text of the identity file</label>
              <textarea
                id="key"
                name="key"
                rows="4"
                required
                spellcheck="false"
                autocapitalize="off"
                aria-describedby="note"
                placeholder="AGE-SECRET-KEY-1…"
              ></textarea>
            </div>`
          : html`<div class="stack tight">
              <label for="key">Passphrase</label>
              <input
                id="key"
                name="key"
                type="password"
                required
                autocomplete="off"
                aria-describedby="note"
              />
            </div>`
      }
      <p id="note" class="small muted">
        The key stays in this tab's memory and in the gateway's for this job. It is written nowhere. The
        gateway takes it over TLS or on its own machine only.
      </p>
      <div><button class="primary">Open</button></div>
    </form>`;
  }

  #choice(kind: "identity" | "passphrase", text: string): TemplateResult {
    return html`<label class="row"
      ><input
        type="radio"
        name="kind"
        .checked=${this.kind === kind}
        @change=${() => {
          this.kind = kind;
        }}
      />${text}</label
    >`;
  }

  static override styles = [
    baseStyles,
    css`
      fieldset {
        margin: 0;
        padding: 0;
        border: none;
      }
      textarea {
        width: 100%;
        font-family: var(--oc-mono);
      }
      form {
        max-width: 44rem;
      }
    `,
  ];
}

/** That it is encrypted is said already; its hint is for the command line. */
function isFirstAsked(error: unknown): boolean {
  return error instanceof ApiError && error.code === "ARCHIVE_ENCRYPTED";
}

customElements.define("oc-key-form", KeyFormElement);
