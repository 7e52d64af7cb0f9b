import { baseStyles, defineProblem, type PanelElement, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { placeOf, SECTIONS } from "./places.js";

defineProblem();

/** What a page may be asked for. */
interface Page {
  refresh(): void;
}

/** The backup panel: its sections, and the page of the place that it is at. */
export class BackupPanelElement extends LitElement implements PanelElement {
  static override properties = { host: { attribute: false }, path: { attribute: false } };
  declare host: UiHost;
  declare path: string;

  /** Its page looks again at what is there; what is written into it, and a job that it follows, stay. */
  refresh(): void {
    for (const page of this.renderRoot.querySelectorAll<HTMLElement & Partial<Page>>("nav ~ *"))
      page.refresh?.();
  }

  protected override render(): TemplateResult {
    const place = placeOf(this.path);
    const sections = SECTIONS.filter(({ isForTenants }) => isForTenants || this.host.viewer.kind === "admin");
    return html`<nav aria-label="Backups">
        ${sections.map(
          ({ path, title }) =>
            html`<a href=${this.host.href(path)} aria-current=${path === place.section ? "page" : nothing}
              >${title}</a
            >`,
        )}
      </nav>
      ${place.render(this.host)}`;
  }

  static override styles = [
    baseStyles,
    css`
      nav {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 1rem;
        margin-block-end: 1.25rem;
        border-bottom: 1px solid var(--oc-border);
      }
      nav a {
        padding: 0.375rem 0.125rem;
        color: var(--oc-muted);
        text-decoration: none;
      }
      nav a[aria-current="page"] {
        color: var(--oc-text);
        box-shadow: inset 0 -2px var(--oc-accent);
      }
    `,
  ];
}

customElements.define("oc-backup-panel", BackupPanelElement);
