import { baseStyles, type PanelElement, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";

/** The backup panel. */
export class BackupPanelElement extends LitElement implements PanelElement {
  static override properties = { host: { attribute: false }, path: { attribute: false } };
  declare host: UiHost;
  declare path: string;

  protected override render(): TemplateResult {
    return html`<h1>Backups</h1>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-panel", BackupPanelElement);
