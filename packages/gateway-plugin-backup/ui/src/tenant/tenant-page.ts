import { baseStyles, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";

export class TenantPage extends LitElement {
  static override properties = { host: { attribute: false }, tenant: { attribute: false } };
  declare host: UiHost;
  declare tenant: string;

  protected override render(): TemplateResult {
    return html`<h1>Tenant</h1>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-tenant", TenantPage);
