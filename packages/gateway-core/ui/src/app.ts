import { Api, ApiError, baseStyles, type Notice, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { appStyles } from "./app-styles.js";
import { Connection } from "./connection.js";
import "./header.js";
import "./login.js";
import type { LoginElement } from "./login.js";
import "./notices.js";
import type { NoticesElement } from "./notices.js";
import "./panel-outlet.js";
import { pagesFor, type Page } from "./pages.js";
import { addressOf, currentPlace, placeName, type Place } from "./router.js";
import { forgetToken, keepToken, keptToken, openSession, type Session } from "./session.js";

const PRODUCT = "OpenClaw gateway";

/** The control UI: asks for a token, then shows the pages of the gateway and of its plugins. */
export class AppElement extends LitElement {
  static override properties = {
    session: { state: true },
    place: { state: true },
    isReached: { state: true },
    isOpening: { state: true },
  };
  declare session: Session | undefined;
  declare place: Place;
  declare isReached: boolean;
  declare isOpening: boolean;

  readonly #connection = new Connection((reached) => {
    this.#onConnection(reached);
  });
  #generation = 0;
  #pages: readonly Page[] = [];
  #hosts = new Map<string, UiHost>();

  constructor() {
    super();
    this.session = undefined;
    this.place = currentPlace();
    this.isReached = true;
    this.isOpening = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("hashchange", this.#onPlace);
    this.#connection.watch();
    const token = keptToken();
    if (token !== undefined) void this.#open(token);
  }

  override disconnectedCallback(): void {
    removeEventListener("hashchange", this.#onPlace);
    this.#connection.unwatch();
    super.disconnectedCallback();
  }

  readonly #onPlace = (): void => {
    this.place = currentPlace();
  };

  #onConnection(reached: boolean): void {
    this.isReached = reached;
    if (!reached) return;
    // What was shown meanwhile is old.
    this.#generation += 1;
    const token = keptToken();
    if (this.session !== undefined) this.#notify({ kind: "info", text: "The gateway is back." });
    else if (token !== undefined) void this.#open(token);
  }

  async #open(token: string): Promise<void> {
    if (this.isOpening) return;
    this.isOpening = true;
    try {
      const session = await openSession(token, { onReached: (reached) => this.#connection.tell(reached) });
      keepToken(token);
      this.#hosts.clear();
      this.#pages = pagesFor(session);
      this.session = session;
    } catch (error) {
      // A token that was good before is tried again when the gateway is back.
      if (error instanceof ApiError && error.status === 401) forgetToken();
      this.isOpening = false;
      await this.updateComplete;
      this.renderRoot.querySelector<LoginElement>("oc-login")?.fail(error);
    }
    this.isOpening = false;
  }

  readonly #close = (): void => {
    forgetToken();
    this.session = undefined;
    this.#hosts.clear();
  };

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
          // Of calls that were on their way together each one is refused.
          if (this.session?.token !== token) return;
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

  /** Undefined: there is no such page for this token. */
  #page(): Page | undefined {
    const { page } = this.place;
    return page === "" ? this.#pages[0] : this.#pages.find(({ id }) => id === page);
  }

  protected override updated(changed: PropertyValues<this>): void {
    document.title = this.#title();
    const before = changed.get("place");
    if (this.session === undefined) return;
    // The field that had the focus is gone.
    if (changed.has("session")) this.#toTop();
    if (before === undefined) return;
    if (before.page !== this.place.page) this.#toTop();
    else if (before.path !== this.place.path) void this.#keepFocus();
  }

  #title(): string {
    if (this.session === undefined) return `Sign in · ${PRODUCT}`;
    const page = this.#page();
    const parts = page === undefined ? ["Not found"] : [placeName(this.place), page.title];
    return [...parts, PRODUCT].filter((part) => part !== "").join(" · ");
  }

  /** Who works by keyboard, or hears the page, starts at the new page's top. */
  readonly #toTop = (): void => {
    scrollTo(0, 0);
    this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  };

  /** Of two places of one page, the page itself knows where the focus belongs; but it must not be nowhere. */
  async #keepFocus(): Promise<void> {
    await new Promise(requestAnimationFrame);
    if (document.activeElement === null || document.activeElement === document.body) this.#toTop();
  }

  protected override render(): TemplateResult {
    return html`<oc-notices></oc-notices>
      <div role="alert">
        ${this.isReached ? nothing : html`<p class="gone">The gateway does not answer. Trying again…</p>`}
      </div>
      ${this.session === undefined ? this.#renderLogin() : this.#renderPages(this.session)}`;
  }

  #renderLogin(): TemplateResult {
    if (this.isOpening && keptToken() !== undefined)
      return html`<main aria-busy="true"><p class="waiting muted">Opening…</p></main>`;
    return html`<oc-login
      .isOpening=${this.isOpening}
      @token=${(event: CustomEvent<string>) => void this.#open(event.detail)}
    ></oc-login>`;
  }

  #renderPages(session: Session): TemplateResult {
    const page = this.#page();
    return html`<oc-header
        .pages=${this.#pages}
        .current=${page?.id}
        .viewer=${session.viewer}
        @sign-out=${this.#close}
        @skip=${this.#toTop}
      ></oc-header>
      <main id="main" tabindex="-1">
        ${
          page === undefined
            ? this.#renderUnknown()
            : html`<oc-panel-outlet
                .page=${page}
                .host=${this.#hostOf(page, session)}
                .path=${page.id === this.place.page ? this.place.path : ""}
                .generation=${this.#generation}
              ></oc-panel-outlet>`
        }
      </main>`;
  }

  #renderUnknown(): TemplateResult {
    return html`<div class="stack">
      <h1>There is no such page</h1>
      <p>The address is wrong, or the page is not for this token.</p>
      <p><a href=${addressOf({ page: "", path: "" })}>To the first page</a></p>
    </div>`;
  }

  static override styles = [baseStyles, appStyles];
}

customElements.define("oc-app", AppElement);
