import { baseStyles, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";

export class ComparePage extends LitElement {
  static override properties = {
    host: { attribute: false },
    first: { attribute: false },
    second: { attribute: false },
  };
  declare host: UiHost;
  declare first: string;
  declare second: string;

  protected override render(): TemplateResult {
    return html`<h1>Compare</h1>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-compare", ComparePage);
