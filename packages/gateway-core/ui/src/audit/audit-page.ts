import {
  ApiError,
  baseStyles,
  count,
  defineProblem,
  type PanelElement,
  type Query,
  type UiHost,
} from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { pageStyles } from "../shared/page-styles.js";
import { auditTable } from "./audit-table.js";
import { dayStart, type AuditLine, type AuditPage } from "./audit-line.js";
import "./verify-log.js";

defineProblem();

const LINES = 100;

/** Who did what, the newest first. */
export class AuditPageElement extends LitElement implements PanelElement {
  static override properties = {
    host: { attribute: false },
    path: { attribute: false },
    lines: { state: true },
    next: { state: true },
    isLoading: { state: true },
    error: { state: true },
  };
  declare host: UiHost;
  declare path: string;
  declare lines: readonly AuditLine[] | undefined;
  declare next: number | undefined;
  declare isLoading: boolean;
  declare error: unknown;
  #filter: Query = {};
  #loading = new AbortController();

  constructor() {
    super();
    this.lines = undefined;
    this.next = undefined;
    this.isLoading = false;
    this.error = undefined;
  }

  override disconnectedCallback(): void {
    this.#loading.abort();
    super.disconnectedCallback();
  }

  protected override firstUpdated(): void {
    void this.#load(false);
  }

  readonly refresh = (): void => {
    void this.#load(false);
  };

  /** @param isMore Adds the page that follows to what is shown. */
  async #load(isMore: boolean): Promise<void> {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.isLoading = true;
    try {
      const before = isMore ? this.next : undefined;
      const query = { ...this.#filter, limit: LINES, before };
      const page = await this.host.api.get<AuditPage>("/api/admin/audit", query, signal);
      this.lines = isMore ? [...(this.lines ?? []), ...page.lines] : page.lines;
      this.next = page.next;
      this.error = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
    }
    this.isLoading = false;
  }

  protected override render(): TemplateResult {
    return html`<div class="stack">
      <h1>Audit log</h1>
      <oc-verify-log .host=${this.host}></oc-verify-log>
      ${this.#renderFilters()}
      ${
        this.error === undefined
          ? nothing
          : html`<oc-problem
              .error=${this.error}
              ?can-retry=${!(this.error instanceof ApiError && this.error.status === 400)}
              @retry=${this.refresh}
            ></oc-problem>`
      }
      ${this.#renderLines()}
    </div>`;
  }

  #renderFilters(): TemplateResult {
    const text = (name: string, title: string, placeholder: string): TemplateResult =>
      html`<label
        >${title}
        <input name=${name} autocomplete="off" spellcheck="false" placeholder=${placeholder} />
      </label>`;
    return html`<form class="row filters" role="search" @submit=${this.#onSubmit} @reset=${this.#onReset}>
      <label>From <input name="since" type="date" /></label>
      <label>To <input name="until" type="date" /></label>
      ${text("actor", "Who", "admin, tenant:acme")} ${text("tenant", "Tenant", "acme")}
      ${text("action", "Action holds", "restore")} ${text("result", "Result", "failed, 403")}
      <label class="check"><input name="failed" type="checkbox" />Only failed</label>
      <button>Search</button>
      <button type="reset" class="plain">Clear</button>
    </form>`;
  }

  #renderLines(): TemplateResult | typeof nothing {
    const { lines, next } = this;
    if (lines === undefined)
      return this.error === undefined ? html`<p class="card empty" aria-busy="true">Loading…</p>` : nothing;
    const older =
      next === undefined
        ? html`<p class="small muted">That is the whole log.</p>`
        : html`<div class="row">
            <button type="button" ?disabled=${this.isLoading} @click=${() => this.#load(true)}>
              ${this.isLoading ? "Loading…" : "Older lines"}
            </button>
          </div>`;
    return html`<p class="visually-hidden" role="status">${count(lines.length)} lines</p>
      ${
        lines.length > 0
          ? auditTable(lines)
          : html`<p class="card empty">
              ${next === undefined ? "No line is like that." : "None of the newest lines is like that."}
            </p>`
      }
      ${older}`;
  }

  readonly #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const text = (name: string): string | undefined => {
      const value = form.get(name);
      return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
    };
    this.#filter = {
      since: dayStart(text("since") ?? ""),
      // The last day counts in full.
      until: dayStart(text("until") ?? "", 1),
      actor: text("actor"),
      tenant: text("tenant"),
      action: text("action"),
      result: text("result"),
      failed: form.has("failed") ? true : undefined,
    };
    void this.#load(false);
  };

  readonly #onReset = (): void => {
    this.#filter = {};
    void this.#load(false);
  };

  static override styles = [
    baseStyles,
    pageStyles,
    css`
      .filters label:not(.check) {
        flex: 1 1 9rem;
        max-width: 14rem;
      }
      .filters input:not([type="checkbox"]) {
        width: 100%;
      }
      td {
        vertical-align: top;
      }
      details {
        max-width: 26rem;
      }
      summary {
        cursor: pointer;
      }
      dl.facts {
        margin-block-start: 0.375rem;
        font-size: 0.8125rem;
      }
    `,
  ];
}

customElements.define("oc-audit-page", AuditPageElement);
