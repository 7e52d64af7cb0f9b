import { baseStyles, type PanelElement, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import type { Page } from "./pages.js";

/** Shows one page. */
export class PanelOutletElement extends LitElement {
  static override properties = {
    page: { attribute: false },
    host: { attribute: false },
    path: { attribute: false },
    generation: { attribute: false },
    problem: { state: true },
  };
  declare page: Page;
  declare host: UiHost;
  declare path: string;
  /** Another one: the page is made anew. */
  declare generation: number;
  declare problem: string | undefined;
  #shown: { readonly element: PanelElement; readonly page: Page; readonly generation: number } | undefined;

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("page") || changed.has("generation")) void this.#load();
    else this.#pass();
  }

  async #load(): Promise<void> {
    const { page, generation } = this;
    try {
      await page.load?.();
    } catch (error) {
      if (page === this.page) this.problem = String(error);
      return;
    }
    if (page !== this.page || generation !== this.generation) return;
    this.problem = undefined;
    const element = document.createElement(page.element) as PanelElement;
    this.#shown = { element, page, generation };
    this.#pass();
    this.renderRoot.querySelector("#outlet")?.replaceChildren(element);
  }

  #pass(): void {
    if (this.#shown?.page !== this.page) return;
    const { element } = this.#shown;
    element.host = this.host;
    element.path = this.path;
  }

  protected override render(): TemplateResult {
    return html`<div class="error" role="alert" ?hidden=${this.problem === undefined}>
        <p>The page cannot be loaded: ${this.problem}</p>
        <p class="small">Reload this page; if that does not help, the gateway's log says more.</p>
      </div>
      <div id="outlet"></div>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-panel-outlet", PanelOutletElement);
