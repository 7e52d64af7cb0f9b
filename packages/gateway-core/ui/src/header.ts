import { baseStyles, type Viewer } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { Page } from "./pages.js";
import { addressOf } from "./router.js";
import { currentTheme, isTheme, THEMES, useTheme, type Theme } from "./theme.js";

const ICON = new URL("./icon.svg", import.meta.url).href;

/** The head of every page: where one is, where one can go, whose token it is. Dispatches `sign-out`, and `skip` for what is below. */
export class HeaderElement extends LitElement {
  static override properties = {
    pages: { attribute: false },
    current: { attribute: false },
    viewer: { attribute: false },
    theme: { state: true },
  };
  declare pages: readonly Page[];
  /** Id of the page that is shown. */
  declare current: string | undefined;
  declare viewer: Viewer;
  declare theme: Theme;

  constructor() {
    super();
    this.theme = currentTheme();
  }

  protected override render(): TemplateResult {
    return html`<header>
      <button type="button" class="skip" @click=${() => this.dispatchEvent(new Event("skip"))}>
        Skip to content
      </button>
      <a class="brand" href=${addressOf({ page: "", path: "" })}>
        <img src=${ICON} alt="" width="24" height="24" /><span>OpenClaw</span>
      </a>
      <nav aria-label="Pages">
        ${this.pages.map(
          ({ id, title }) =>
            html`<a
              href=${addressOf({ page: id, path: "" })}
              aria-current=${id === this.current ? "page" : nothing}
              >${title}</a
            >`,
        )}
      </nav>
      <div class="tools">
        <span class="who small muted"
          ><bdi>${this.viewer.kind === "admin" ? "Admin" : this.viewer.id}</bdi></span
        >
        <label class="visually-hidden" for="theme">Colours</label>
        <select id="theme" @change=${this.#onTheme}>
          ${THEMES.map(
            ([theme, title]) =>
              html`<option value=${theme} .selected=${theme === this.theme}>${title}</option>`,
          )}
        </select>
        <button type="button" @click=${() => this.dispatchEvent(new Event("sign-out"))}>Sign out</button>
      </div>
    </header>`;
  }

  readonly #onTheme = (event: Event): void => {
    const chosen = (event.target as HTMLSelectElement).value;
    this.theme = isTheme(chosen) ? chosen : "system";
    useTheme(this.theme);
  };

  static override styles = [
    baseStyles,
    css`
      header {
        display: grid;
        grid-template: "brand nav tools" / auto minmax(0, 1fr) auto;
        align-items: center;
        gap: 0 1.25rem;
        padding: 0 1.25rem;
        border-bottom: 1px solid var(--oc-border);
        background: var(--oc-surface);
      }
      .skip {
        position: absolute;
        inset-inline-start: -999rem;
      }
      .skip:focus {
        inset-inline-start: 1rem;
        inset-block-start: 0.375rem;
        z-index: 3;
      }
      .brand {
        grid-area: brand;
        display: inline-flex;
        align-items: center;
        gap: 0.5rem;
        padding-block: 0.5rem;
        color: var(--oc-text);
        font-weight: 600;
        text-decoration: none;
      }
      nav {
        grid-area: nav;
        display: flex;
        align-self: stretch;
        overflow-x: auto;
        scrollbar-width: none;
      }
      nav a {
        display: flex;
        align-items: center;
        min-height: 3rem;
        padding: 0 0.75rem;
        color: var(--oc-muted);
        font-weight: 500;
        text-decoration: none;
        white-space: nowrap;
      }
      nav a:hover {
        color: var(--oc-text);
        background: var(--oc-hover);
      }
      nav a:focus-visible {
        outline-offset: -3px;
      }
      nav a[aria-current="page"] {
        color: var(--oc-text);
        box-shadow: inset 0 -2px var(--oc-accent);
      }
      .tools {
        grid-area: tools;
        display: flex;
        align-items: center;
        gap: 0.5rem;
        min-width: 0;
        padding-block: 0.375rem;
      }
      .tools select,
      .tools button {
        min-height: 2rem;
        font-size: 0.875rem;
        white-space: nowrap;
      }
      .who {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      @media (width < 48rem) {
        header {
          grid-template: "brand tools" "nav nav" / minmax(0, auto) minmax(0, 1fr);
          padding: 0 0.75rem;
        }
        .tools {
          justify-content: flex-end;
        }
        .tools select {
          max-width: 7rem;
        }
        nav {
          margin-inline: -0.75rem;
          padding-inline: 0.25rem;
          border-top: 1px solid var(--oc-border);
        }
        nav a {
          min-height: 2.75rem;
        }
      }
      @media (width < 26rem) {
        .brand span {
          position: absolute;
          clip-path: inset(50%);
        }
      }
    `,
  ];
}

customElements.define("oc-header", HeaderElement);
