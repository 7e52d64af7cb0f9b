import { baseStyles, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";

export class DestinationsPage extends LitElement {
  static override properties = { host: { attribute: false } };
  declare host: UiHost;

  protected override render(): TemplateResult {
    return html`<h1>Destinations</h1>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-destinations", DestinationsPage);
