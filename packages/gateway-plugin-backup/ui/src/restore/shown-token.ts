import { baseStyles, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, type TemplateResult } from "lit";

/** A token that the gateway shows once. */
export class ShownTokenElement extends LitElement {
  static override properties = { host: { attribute: false }, token: { attribute: false } };
  declare host: UiHost;
  declare token: string;

  readonly #copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(this.token);
      this.host.notify({ kind: "success", text: "The token is copied." });
    } catch {
      // Over plain HTTP a browser gives no clipboard.
      this.renderRoot.querySelector("input")?.select();
      this.host.notify({ kind: "info", text: "The browser does not copy here. The token is selected." });
    }
  };

  protected override render(): TemplateResult {
    return html`<section class="card stack tight" aria-labelledby="title">
      <h3 id="title">New token</h3>
      <p class="small">It is shown only now. Keep it where you keep secrets.</p>
      <div class="row">
        <input class="code" aria-labelledby="title" readonly .value=${this.token} />
        <button type="button" class="primary" @click=${this.#copy}>Copy</button>
      </div>
    </section>`;
  }

  static override styles = [
    baseStyles,
    css`
      section {
        border-color: var(--oc-accent);
      }
      input {
        flex: 1 1 16rem;
        max-width: 34rem;
      }
    `,
  ];
}

customElements.define("oc-shown-token", ShownTokenElement);
