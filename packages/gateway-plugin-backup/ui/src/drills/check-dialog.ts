import { baseStyles, defineProblem, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { isAboutKey, type Decrypt } from "../archive/archive-view.js";
import "../archive/key-form.js";
import type { Accepted } from "../jobs/job-view.js";

defineProblem();

export type CheckKind = "drill" | "quick" | "sample" | "full";

const KINDS: readonly (readonly [kind: CheckKind, title: string, note: string])[] = [
  [
    "drill",
    "Drill",
    "Restores it into a scratch directory, compares every file, checks databases and JSON. No tenant is touched.",
  ],
  ["full", "Full verification", "Reads every byte."],
  ["sample", "Sample verification", "Reads a part, another one each time."],
  [
    "quick",
    "Quick verification",
    "Reads the archive's end: that it is there, and whole as far as one can see.",
  ],
];

/** Asks what is to be checked of a tenant's archives, and starts it. Dispatches `started` with the job's id. */
export class CheckDialogElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    tenant: { state: true },
    kind: { state: true },
    isAll: { state: true },
    problem: { state: true },
  };
  declare host: UiHost;
  declare tenant: string;
  declare kind: CheckKind;
  /** All of the tenant's archives, and not the newest alone. */
  declare isAll: boolean;
  declare problem: unknown;
  #key: Decrypt | undefined;

  constructor() {
    super();
    this.tenant = "";
    this.kind = "drill";
    this.isAll = false;
    this.problem = undefined;
  }

  async open(tenant: string, error?: unknown): Promise<void> {
    this.tenant = tenant;
    this.problem = error;
    this.#key = undefined;
    await this.updateComplete;
    this.#dialog?.showModal();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.#start();
  };

  async #start(): Promise<void> {
    const { host, tenant, kind } = this;
    this.problem = undefined;
    const choice = { archive: tenant, ...(this.#key && { decrypt: this.#key }) };
    try {
      const { job } = await (kind === "drill"
        ? host.api.send<Accepted>("POST", "/api/admin/backups/drill", choice)
        : host.api.send<Accepted>("POST", "/api/admin/backups/verify", {
            ...choice,
            level: kind,
            ...(this.isAll ? { all: true } : {}),
          }));
      this.#dialog?.close();
      this.dispatchEvent(new CustomEvent<string>("started", { detail: job.id }));
    } catch (error) {
      this.problem = error;
    }
  }

  readonly #onKey = (event: CustomEvent<Decrypt>): void => {
    this.#key = event.detail;
    void this.#start();
  };

  protected override render(): TemplateResult {
    const needsKey = isAboutKey(this.problem);
    return html`<dialog aria-labelledby="title">
      <div class="stack">
        <h2 id="title">Check archives of <bdi class="name">${this.tenant}</bdi></h2>
        <form id="check" class="stack" @submit=${this.#submit}>
          <fieldset class="stack tight">
            <legend class="visually-hidden">How</legend>
            ${KINDS.map(([kind, title, note]) => this.#option(kind, title, note))}
          </fieldset>
          ${
            this.kind === "drill"
              ? html`<p class="small muted">The newest archive is taken.</p>`
              : html`<label class="option"
                  ><input
                    type="checkbox"
                    .checked=${this.isAll}
                    @change=${(event: Event) => {
                      this.isAll = (event.target as HTMLInputElement).checked;
                    }}
                  /><span>All of its archives, not the newest alone</span></label
                >`
          }
        </form>
        ${
          needsKey
            ? html`<oc-key-form .error=${this.problem} @key=${this.#onKey}></oc-key-form>`
            : html`<oc-problem .error=${this.problem}></oc-problem>`
        }
        <div class="row">
          ${needsKey ? nothing : html`<button class="primary" form="check">Start</button>`}
          <button type="button" @click=${() => this.#dialog?.close()}>Cancel</button>
        </div>
      </div>
    </dialog>`;
  }

  #option(kind: CheckKind, title: string, note: string): TemplateResult {
    return html`<label class="option"
      ><input
        type="radio"
        name="kind"
        .checked=${this.kind === kind}
        @change=${() => {
          this.kind = kind;
        }}
      /><span>${title}<br /><span class="small muted note">${note}</span></span></label
    >`;
  }

  static override styles = [
    baseStyles,
    css`
      fieldset {
        margin: 0;
        padding: 0;
        border: none;
      }
      .option {
        display: flex;
        align-items: flex-start;
        gap: 0.625rem;
        padding-block: 0.25rem;
      }
      .option input {
        flex: none;
        margin-block-start: 0.1875rem;
      }
      .note {
        font-weight: 400;
      }
    `,
  ];
}

customElements.define("oc-check-dialog", CheckDialogElement);
