import { baseStyles } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { ChecklistItem } from "./plan.js";

/** What the gateway has looked at after a restore: ticks, or what to do. */
export class RestoreChecklistElement extends LitElement {
  static override properties = { items: { attribute: false } };
  declare items: readonly ChecklistItem[];

  constructor() {
    super();
    this.items = [];
  }

  protected override render(): TemplateResult {
    const open = this.items.filter(({ ok }) => !ok).length;
    return html`<section class="card stack tight" aria-labelledby="checked">
      <h3 id="checked">${open === 0 ? "All is well" : "This is not as it should be"}</h3>
      <ul>
        ${this.items.map(
          ({ ok, name, message, fix }) =>
            html`<li>
              <span class=${ok ? "badge good" : "badge bad"}
                ><span aria-hidden="true">${ok ? "✓" : "✗"}</span>${ok ? "Good" : "To do"}</span
              >
              <div>
                <p>${message} <code class="small muted">${name}</code></p>
                ${fix === undefined ? nothing : html`<p class="small">${fix}</p>`}
              </div>
            </li>`,
        )}
      </ul>
    </section>`;
  }

  static override styles = [
    baseStyles,
    css`
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 5rem minmax(0, 1fr);
        gap: 0.25rem 0.75rem;
        padding-block: 0.375rem;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

customElements.define("oc-restore-checklist", RestoreChecklistElement);
