import { baseStyles, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";

export class JobPage extends LitElement {
  static override properties = { host: { attribute: false }, job: { attribute: false } };
  declare host: UiHost;
  declare job: string;

  protected override render(): TemplateResult {
    return html`<h1>Job</h1>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-job", JobPage);
