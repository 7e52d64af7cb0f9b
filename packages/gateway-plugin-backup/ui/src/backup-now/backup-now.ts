import { ApiError, baseStyles, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { apiRoot, type Accepted } from "../jobs/job-view.js";
import "../jobs/job-progress.js";

/** Requests that are on their way at one time. */
const AT_ONCE = 4;

/** More running jobs than these are looked at on the page of jobs. */
const MOST_FOLLOWED = 6;

interface Started {
  readonly tenant: string;
  readonly job?: string;
  readonly error?: unknown;
}

/** A dialog that backs tenants up: where to, how encrypted, and then how it goes. Dispatches `started`, `closed`. */
export class BackupNowElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    destinations: { attribute: false },
    tenants: { state: true },
    started: { state: true },
    isStarting: { state: true },
  };
  declare host: UiHost;
  /** Names to choose from, where they are known. */
  declare destinations: readonly string[];
  declare tenants: readonly string[];
  declare started: readonly Started[] | undefined;
  declare isStarting: boolean;

  constructor() {
    super();
    this.destinations = [];
    this.tenants = [];
    this.started = undefined;
    this.isStarting = false;
  }

  /** Asks for the options. */
  open(tenants: readonly string[]): void {
    this.tenants = tenants;
    this.started = undefined;
    void this.updateComplete.then(() => this.#dialog?.showModal());
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("started") && this.started !== undefined)
      this.renderRoot.querySelector<HTMLElement>("h2")?.focus();
  }

  protected override render(): TemplateResult {
    const [only = ""] = this.tenants;
    const title =
      this.tenants.length === 1
        ? html`Back up <bdi class="name">${only}</bdi>`
        : html`Back up ${this.tenants.length} tenants`;
    return html`<dialog aria-labelledby="title" @close=${() => this.dispatchEvent(new Event("closed"))}>
      <div class="stack">
        <h2 id="title" tabindex="-1">${title}</h2>
        ${this.started === undefined ? this.#renderOptions() : this.#renderStarted(this.started)}
      </div>
    </dialog>`;
  }

  #renderOptions(): TemplateResult {
    const isAdmin = this.host.viewer.kind === "admin";
    return html`<form class="stack" @submit=${this.#submit}>
      <div class="stack tight">
        <label for="to">Destination</label>
        <input
          id="to"
          list="destinations"
          autocomplete="off"
          spellcheck="false"
          placeholder="The default destination"
          aria-describedby="to-help"
        />
        <datalist id="destinations">
          ${this.destinations.map((name) => html`<option value="dest:${name}"></option>`)}
        </datalist>
        <p id="to-help" class="small muted">
          ${
            isAdmin
              ? "Empty for the default; or dest:NAME, s3://bucket/key/, or a directory on the gateway's machine."
              : "Empty for the default; or dest:NAME."
          }
        </p>
      </div>
      ${
        isAdmin
          ? html`<div class="stack tight">
              <label for="recipients">Encrypt to</label>
              <textarea
                id="recipients"
                rows="2"
                spellcheck="false"
                placeholder="age1…"
                aria-describedby="recipients-help"
              ></textarea>
              <p id="recipients-help" class="small muted">
                Public keys of age, one a line. Empty: as the destination is configured.
              </p>
            </div>`
          : nothing
      }
      <label class="row"
        ><input id="rehash" type="checkbox" /> Read every file, also those that look unchanged</label
      >
      <label class="row"
        ><input id="unreadable" type="checkbox" /> Go on where a file cannot be read, with a warning</label
      >
      <div class="row">
        <button class="primary" ?disabled=${this.isStarting}>
          ${this.isStarting ? "Starting…" : "Back up"}
        </button>
        <button type="button" @click=${() => this.#dialog?.close()}>Cancel</button>
      </div>
    </form>`;
  }

  #renderStarted(started: readonly Started[]): TemplateResult {
    const running = started.filter(({ job }) => job !== undefined);
    return html`<ul class="stack">
        ${started
          .slice(0, running.length > MOST_FOLLOWED ? 0 : undefined)
          .map(
            ({ tenant, job, error }) =>
              html`<li class="stack tight">
                ${this.tenants.length === 1 ? nothing : html`<strong class="name">${tenant}</strong>`}
                ${
                  job === undefined
                    ? html`<oc-problem .error=${error}></oc-problem>`
                    : html`<oc-job-progress
                        .host=${this.host}
                        .job=${job}
                        @retry=${() => void this.#again(tenant)}
                      ></oc-job-progress>`
                }
              </li>`,
          )}
      </ul>
      ${
        running.length > MOST_FOLLOWED
          ? html`<p>${running.length} backups wait or run.</p>
              <ul class="stack">
                ${started
                  .filter(({ job }) => job === undefined)
                  .map(
                    ({ tenant, error }) =>
                      html`<li>
                        <strong class="name">${tenant}</strong> <oc-problem .error=${error}></oc-problem>
                      </li>`,
                  )}
              </ul>
              <p><a href=${this.host.href("jobs")}>See the jobs</a></p>`
          : nothing
      }
      <div class="row">
        <button type="button" class="primary" @click=${() => this.#dialog?.close()}>Close</button>
        <span class="muted small">Backups go on when this is closed.</span>
      </div>`;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.#start();
  };

  async #start(): Promise<void> {
    this.isStarting = true;
    const body = this.#body();
    const started: Started[] = [];
    for (let at = 0; at < this.tenants.length; at += AT_ONCE) {
      const batch = this.tenants.slice(at, at + AT_ONCE);
      started.push(...(await Promise.all(batch.map((tenant) => this.#startOne(tenant, body)))));
    }
    this.#lastBody = body;
    this.isStarting = false;
    this.started = started;
    this.dispatchEvent(new Event("started"));
  }

  #lastBody: object = {};

  async #again(tenant: string): Promise<void> {
    const anew = await this.#startOne(tenant, this.#lastBody);
    this.started = (this.started ?? []).map((one) => (one.tenant === tenant ? anew : one));
  }

  async #startOne(tenant: string, body: object): Promise<Started> {
    const path =
      this.host.viewer.kind === "admin" ? `/tenants/${encodeURIComponent(tenant)}/backups` : "/backups";
    try {
      const { job } = await this.host.api.send<Accepted>("POST", apiRoot(this.host) + path, body);
      return { tenant, job: job.id };
    } catch (error) {
      return { tenant, error: error instanceof ApiError ? error : new Error(String(error)) };
    }
  }

  #body(): object {
    const value = (id: string): string =>
      this.renderRoot.querySelector<HTMLInputElement | HTMLTextAreaElement>(`#${id}`)?.value.trim() ?? "";
    const isChecked = (id: string): boolean =>
      this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)?.checked ?? false;
    const recipients = value("recipients")
      .split(/\s+/)
      .filter((text) => text !== "");
    return {
      ...(value("to") === "" ? {} : { to: value("to") }),
      ...(recipients.length === 0 ? {} : { recipients }),
      ...(isChecked("rehash") ? { rehash: true } : {}),
      ...(isChecked("unreadable") ? { allowUnreadable: true } : {}),
    };
  }

  static override styles = [
    baseStyles,
    css`
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      label.row {
        font-weight: 400;
        flex-wrap: nowrap;
      }
      input[type="checkbox"] {
        flex: none;
      }
      h2:focus {
        outline: none;
      }
    `,
  ];
}

customElements.define("oc-backup-now", BackupNowElement);
