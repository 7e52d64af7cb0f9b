import { baseStyles, type PanelElement, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import type { Page } from "./pages.js";

interface Shown {
  readonly element: PanelElement;
  readonly page: Page;
}

/** Shows one page. */
export class PanelOutletElement extends LitElement {
  static override properties = {
    page: { attribute: false },
    host: { attribute: false },
    path: { attribute: false },
    generation: { attribute: false },
    isLoading: { state: true },
    problem: { state: true },
  };
  declare page: Page;
  declare host: UiHost;
  declare path: string;
  /** Another one: what is shown is old. */
  declare generation: number;
  declare isLoading: boolean;
  declare problem: string | undefined;
  #shown: Shown | undefined;
  #failures = 0;

  constructor() {
    super();
    this.isLoading = false;
    this.problem = undefined;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("page") || changed.has("host")) void this.#load();
    else if (changed.has("generation")) this.#renew();
    else if (changed.has("path")) this.#pass();
  }

  #renew(): void {
    const element = this.#shown?.page === this.page ? this.#shown.element : undefined;
    this.#pass();
    if (element?.refresh === undefined) void this.#load();
    else element.refresh();
  }

  readonly #load = async (): Promise<void> => {
    const { page } = this;
    this.isLoading = true;
    this.problem = undefined;
    try {
      await page.load?.(this.#failures);
    } catch (error) {
      this.#failures += 1;
      if (page === this.page) this.#show(undefined, String(error));
      return;
    }
    if (page !== this.page) return;
    const element = document.createElement(page.element) as PanelElement;
    this.#show({ element, page }, undefined);
  };

  #show(shown: Shown | undefined, problem: string | undefined): void {
    this.isLoading = false;
    this.problem = problem;
    this.#shown = shown;
    this.#pass();
    const outlet = this.renderRoot.querySelector("#outlet");
    if (shown === undefined) outlet?.replaceChildren();
    else outlet?.replaceChildren(shown.element);
  }

  #pass(): void {
    if (this.#shown?.page !== this.page) return;
    const { element } = this.#shown;
    element.host = this.host;
    element.path = this.path;
  }

  protected override render(): TemplateResult {
    return html`<div class="error stack tight" role="alert" ?hidden=${this.problem === undefined}>
        <p>The page cannot be loaded: ${this.problem}</p>
        <p class="small">If trying again does not help, reload the page; the gateway's log says more.</p>
        <div><button type="button" @click=${this.#load}>Try again</button></div>
      </div>
      <div id="outlet" aria-busy=${this.isLoading}></div>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-panel-outlet", PanelOutletElement);
