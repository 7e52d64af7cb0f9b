import { Api, baseStyles, type Notice, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { Connection } from "./connection.js";
import "./login.js";
import type { LoginElement } from "./login.js";
import "./notices.js";
import type { NoticesElement } from "./notices.js";
import "./panel-outlet.js";
import { pagesFor, type Page } from "./pages.js";
import { addressOf, currentPlace, type Place } from "./router.js";
import { forgetToken, keepToken, keptToken, openSession, type Session } from "./session.js";
import { currentTheme, THEMES, useTheme, type Theme } from "./theme.js";

/** The control UI: asks for a token, then shows the pages of the gateway and of its plugins. */
export class AppElement extends LitElement {
  static override properties = {
    session: { state: true },
    place: { state: true },
    isReached: { state: true },
    isOpening: { state: true },
    theme: { state: true },
  };
  declare session: Session | undefined;
  declare place: Place;
  declare isReached: boolean;
  declare isOpening: boolean;
  declare theme: Theme;

  readonly #connection = new Connection((reached) => {
    this.isReached = reached;
    // What was shown while the gateway was gone is made anew.
    if (reached) this.#outletKey++;
  });
  #outletKey = 0;
  #pages: readonly Page[] = [];
  #hosts = new Map<string, UiHost>();

  constructor() {
    super();
    this.session = undefined;
    this.place = currentPlace();
    this.isReached = true;
    this.isOpening = false;
    this.theme = currentTheme();
    useTheme(this.theme);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("hashchange", this.#onPlace);
    const token = keptToken();
    if (token !== undefined) void this.#open(token);
  }

  override disconnectedCallback(): void {
    removeEventListener("hashchange", this.#onPlace);
    super.disconnectedCallback();
  }

  readonly #onPlace = (): void => {
    this.place = currentPlace();
  };

  async #open(token: string): Promise<void> {
    this.isOpening = true;
    try {
      const session = await openSession(token, { onReached: (reached) => this.#connection.tell(reached) });
      keepToken(token);
      this.#hosts.clear();
      this.#pages = pagesFor(session);
      this.session = session;
    } catch (error) {
      await this.updateComplete;
      this.isOpening = false;
      await this.updateComplete;
      this.renderRoot.querySelector<LoginElement>("oc-login")?.fail(error);
    } finally {
      this.isOpening = false;
    }
  }

  #close(): void {
    forgetToken();
    this.session = undefined;
    this.#hosts.clear();
  }

  #notify(notice: Notice): void {
    this.renderRoot.querySelector<NoticesElement>("oc-notices")?.add(notice);
  }

  #hostOf(page: Page, { token, viewer }: Session): UiHost {
    const known = this.#hosts.get(page.id);
    if (known !== undefined) return known;
    const host: UiHost = {
      api: new Api({
        token,
        onReached: (reached) => this.#connection.tell(reached),
        onRefused: () => {
          this.#close();
          this.#notify({ kind: "error", text: "The gateway does not take the token any more." });
        },
      }),
      viewer,
      href: (path) => addressOf({ page: page.id, path }),
      navigate: (path) => {
        location.hash = addressOf({ page: page.id, path });
      },
      notify: (notice) => this.#notify(notice),
    };
    this.#hosts.set(page.id, host);
    return host;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get("place");
    // Who works by keyboard or hears the page starts at the new page's top.
    if (before !== undefined && before.page !== this.place.page)
      this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  }

  protected override render(): TemplateResult {
    return html`<oc-notices></oc-notices> ${
        this.isReached
          ? nothing
          : html`<p class="gone" role="alert">The gateway does not answer. Trying again…</p>`
      }
      ${this.session === undefined ? this.#renderLogin() : this.#renderPages(this.session)}`;
  }

  #renderLogin(): TemplateResult {
    if (this.isOpening) return html`<main aria-busy="true"><p class="waiting muted">Opening…</p></main>`;
    return html`<oc-login
      @token=${(event: CustomEvent<string>) => void this.#open(event.detail)}
    ></oc-login>`;
  }

  #renderPages(session: Session): TemplateResult {
    const page = this.#pages.find(({ id }) => id === this.place.page) ?? this.#pages[0];
    return html`<a class="skip" href="#main" @click=${this.#skip}>Skip to content</a>
      <header>
        <strong class="brand">OpenClaw</strong>
        <nav aria-label="Pages">
          ${this.#pages.map(
            ({ id, title }) =>
              html`<a
                href=${addressOf({ page: id, path: "" })}
                aria-current=${id === page?.id ? "page" : nothing}
                >${title}</a
              >`,
          )}
        </nav>
        <div class="row">
          <span class="muted small name"
            >${session.viewer.kind === "admin" ? "Admin" : session.viewer.id}</span
          >
          <label class="visually-hidden" for="theme">Theme</label>
          <select id="theme" @change=${this.#onTheme}>
            ${THEMES.map((theme) => html`<option ?selected=${theme === this.theme} value=${theme}>${theme}</option>`)}
          </select>
          <button type="button" @click=${this.#close}>Sign out</button>
        </div>
      </header>
      <main id="main" tabindex="-1">
        ${
          page === undefined
            ? html`<p>This gateway has no pages to show.</p>`
            : html`<oc-panel-outlet
                .page=${page}
                .host=${this.#hostOf(page, session)}
                .path=${page.id === this.place.page ? this.place.path : ""}
                .generation=${this.#outletKey}
              ></oc-panel-outlet>`
        }
      </main>`;
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  }

  #onTheme(event: Event): void {
    const chosen = (event.target as HTMLSelectElement).value;
    this.theme = THEMES.find((theme) => theme === chosen) ?? "system";
    useTheme(this.theme);
  }

  static override styles = [
    baseStyles,
    css`
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 1.5rem;
        padding: 0.625rem 1.25rem;
        border-bottom: 1px solid var(--oc-border);
        background: var(--oc-surface);
      }
      nav {
        display: flex;
        flex: 1;
        flex-wrap: wrap;
        gap: 0.25rem;
      }
      nav a {
        padding: 0.375rem 0.75rem;
        border-radius: var(--oc-radius);
        color: var(--oc-text);
        text-decoration: none;
        font-weight: 500;
      }
      nav a:hover {
        background: var(--oc-hover);
      }
      nav a[aria-current="page"] {
        background: var(--oc-hover);
        box-shadow: inset 0 -2px var(--oc-accent);
      }
      main {
        max-width: 82rem;
        margin-inline: auto;
        padding: 1.25rem;
      }
      main:focus {
        outline: none;
      }
      .waiting {
        padding: 4rem 1rem;
        text-align: center;
      }
      .gone {
        position: sticky;
        top: 0;
        z-index: 2;
        padding: 0.5rem 1.25rem;
        background: var(--oc-warning-soft);
        color: var(--oc-warning);
        font-weight: 600;
      }
      .skip {
        position: absolute;
        inset-inline-start: -999rem;
      }
      .skip:focus {
        inset-inline-start: 1rem;
        top: 0.5rem;
        z-index: 3;
        padding: 0.5rem;
        background: var(--oc-surface);
      }
    `,
  ];
}

customElements.define("oc-app", AppElement);
