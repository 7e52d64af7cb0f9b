import { baseStyles, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";

export class RestorePage extends LitElement {
  static override properties = { host: { attribute: false }, archive: { attribute: false } };
  declare host: UiHost;
  declare archive: string;

  protected override render(): TemplateResult {
    return html`<h1>Restore</h1>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-restore", RestorePage);
