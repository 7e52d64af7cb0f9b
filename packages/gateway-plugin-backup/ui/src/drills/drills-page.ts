import { baseStyles, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";

export class DrillsPage extends LitElement {
  static override properties = { host: { attribute: false } };
  declare host: UiHost;

  protected override render(): TemplateResult {
    return html`<h1>Drills</h1>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-drills", DrillsPage);
