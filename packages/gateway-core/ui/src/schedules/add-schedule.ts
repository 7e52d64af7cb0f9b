import { baseStyles, defineProblem, scheduleWords, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { pageStyles } from "../shared/page-styles.js";
import { parameterFields, parametersOf, type ParameterField } from "./parameter-fields.js";
import { parameterInputs } from "./parameter-inputs.js";
import { ownerRoute, type ScheduleView } from "./schedule-view.js";

defineProblem();

interface JobType {
  readonly name: string;
  readonly description: string;
  readonly scope: "tenant" | "gateway";
  readonly parameters: unknown;
}

const EXAMPLES = [
  "0 3 * * *",
  "0 3 * * 1-5",
  "0 */6 * * *",
  "0 4 1 * *",
  "@hourly-random",
  "@daily-random",
  "@weekly-random",
];

/** The form for a new schedule, in a dialog. Dispatches `added` with it. */
export class AddScheduleElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    isOpen: { state: true },
    isSending: { state: true },
    owner: { state: true },
    job: { state: true },
    times: { state: true },
    zone: { state: true },
    jobTypes: { state: true },
    tenants: { state: true },
    error: { state: true },
  };
  declare host: UiHost;
  declare isOpen: boolean;
  declare isSending: boolean;
  declare owner: "tenant" | "gateway";
  declare job: string;
  declare times: string;
  declare zone: string;
  declare jobTypes: readonly JobType[] | undefined;
  declare tenants: readonly string[];
  declare error: unknown;

  constructor() {
    super();
    this.isOpen = false;
    this.isSending = false;
    this.owner = "tenant";
    this.job = "";
    this.times = "@daily-random";
    this.zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    this.jobTypes = undefined;
    this.tenants = [];
    this.error = undefined;
  }

  open(): void {
    this.isOpen = true;
    this.error = undefined;
    void this.#load();
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector("dialog")?.showModal();
    });
  }

  async #load(): Promise<void> {
    const { api, viewer } = this.host;
    try {
      const { jobTypes } = await api.get<{ jobTypes: JobType[] }>(`/api/${viewer.kind}/job-types`);
      this.jobTypes = jobTypes;
      if (viewer.kind === "admin") {
        const { tenants } = await api.get<{ tenants: { id: string }[] }>("/api/admin/tenants");
        this.tenants = tenants.map(({ id }) => id);
      }
    } catch (error) {
      this.error = error;
    }
  }

  /** Those that the owner can have. */
  #jobTypes(): readonly JobType[] {
    return (this.jobTypes ?? []).filter(({ scope }) => scope === this.owner);
  }

  /** The one that is chosen; undefined: there is none. */
  #jobType(): JobType | undefined {
    const types = this.#jobTypes();
    return types.find(({ name }) => name === this.job) ?? types[0];
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.isOpen) return nothing;
    const type = this.#jobType();
    const fields = type === undefined ? [] : parameterFields(type.parameters);
    return html`<dialog aria-labelledby="title" @close=${this.#onClose}>
      <form class="stack" @submit=${this.#onSubmit}>
        <h2 id="title">Add a schedule</h2>
        ${this.host.viewer.kind === "admin" ? this.#renderOwner() : nothing}
        <div class="field">
          <label for="name">Name</label>
          <input
            id="name"
            required
            maxlength="64"
            pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*"
            autocomplete="off"
            spellcheck="false"
            placeholder="nightly"
            aria-describedby="name-help"
          />
          <p id="name-help" class="small muted">Letters, digits and . _ -</p>
        </div>
        ${this.#renderTimes()} ${this.#renderJob(type)} ${keyed(type?.name, parameterInputs(fields))}
        ${this.#renderDetails()}
        ${this.error === undefined ? nothing : html`<oc-problem .error=${this.error}></oc-problem>`}
        <div class="row">
          <button class="primary" ?disabled=${this.isSending || type === undefined}>Add</button>
          <button type="button" @click=${this.#close}>Cancel</button>
        </div>
      </form>
    </dialog>`;
  }

  #renderOwner(): TemplateResult {
    return html`<div class="pair">
      <div class="field">
        <label for="owner">Whose</label>
        <select id="owner" @change=${this.#onOwner}>
          <option value="tenant" .selected=${this.owner === "tenant"}>A tenant</option>
          <option value="gateway" .selected=${this.owner === "gateway"}>The gateway</option>
        </select>
      </div>
      ${
        this.owner === "tenant"
          ? html`<div class="field">
              <label for="tenant">Tenant</label>
              <input id="tenant" required list="tenants" autocomplete="off" spellcheck="false" />
              <datalist id="tenants">
                ${this.tenants.map((id) => html`<option value=${id}></option>`)}
              </datalist>
            </div>`
          : nothing
      }
    </div>`;
  }

  #renderTimes(): TemplateResult {
    return html`<div class="pair">
        <div class="field">
          <label for="times">When</label>
          <input
            id="times"
            class="code"
            required
            maxlength="256"
            list="examples"
            autocomplete="off"
            spellcheck="false"
            .value=${this.times}
            aria-describedby="times-words times-help"
            @input=${this.#onTimes}
          />
          <datalist id="examples">
            ${EXAMPLES.map((text) => html`<option value=${text}>${scheduleWords(text)}</option>`)}
          </datalist>
        </div>
        <div class="field">
          <label for="zone">Time zone</label>
          <input
            id="zone"
            required
            list="zones"
            autocomplete="off"
            spellcheck="false"
            .value=${this.zone}
            @input=${this.#onZone}
          />
          <datalist id="zones">
            ${["Etc/UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => html`<option value=${zone}></option>`)}
          </datalist>
        </div>
      </div>
      <div class="words stack tight">
        <p id="times-words" aria-live="polite">${scheduleWords(this.times, this.zone)}</p>
        <p id="times-help" class="small muted">
          Minute, hour, day, month, weekday, as in <code>0 3 * * *</code>; or <code>@daily</code>, or
          <code>@daily-random</code> for a time of its own.
        </p>
      </div>`;
  }

  #renderJob(type: JobType | undefined): TemplateResult {
    return html`<div class="field">
      <label for="job">Job</label>
      <select
        id="job"
        @change=${this.#onJob}
        aria-describedby="job-help"
        aria-busy=${this.jobTypes === undefined}
      >
        ${this.#jobTypes().map(
          ({ name }) => html`<option value=${name} .selected=${name === type?.name}>${name}</option>`,
        )}
      </select>
      <p id="job-help" class="small muted">
        ${this.jobTypes === undefined ? "Loading…" : (type?.description ?? "There is no job that it can run.")}
      </p>
    </div>`;
  }

  #renderDetails(): TemplateResult {
    return html`<details>
      <summary>Overlap, missed runs, jitter</summary>
      <div class="stack inside">
        <div class="field">
          <label for="overlap">When the run before has not ended, the next one</label>
          <select id="overlap">
            <option value="skip">is left out</option>
            <option value="wait">waits for its end</option>
            <option value="allow">starts all the same</option>
          </select>
        </div>
        <div class="field">
          <label for="missed">Of runs that were missed while the gateway was down</label>
          <select id="missed">
            <option value="run">one is made up for</option>
            <option value="skip">none is made up for</option>
          </select>
        </div>
        <div class="field">
          <label for="jitter">Put each run off by a random time up to</label>
          <input id="jitter" maxlength="9" placeholder="10m" autocomplete="off" />
        </div>
      </div>
    </details>`;
  }

  #value(id: string): string {
    const input = this.renderRoot.querySelector<HTMLInputElement | HTMLSelectElement>(`#${id}`);
    return input?.value.trim() ?? "";
  }

  #written(fields: readonly ParameterField[]): Record<string, string | boolean> {
    return Object.fromEntries(
      fields.map(({ name }) => {
        const input = this.renderRoot.querySelector<HTMLInputElement>(
          `[data-parameter="${CSS.escape(name)}"]`,
        );
        return [name, input?.type === "checkbox" ? input.checked : (input?.value ?? "")];
      }),
    );
  }

  readonly #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.#send();
  };

  async #send(): Promise<void> {
    const { api, viewer } = this.host;
    const type = this.#jobType();
    if (type === undefined) return;
    const tenant = viewer.kind === "tenant" || this.owner === "gateway" ? undefined : this.#value("tenant");
    this.isSending = true;
    try {
      const fields = parameterFields(type.parameters);
      const jitter = this.#value("jitter");
      const added = await api.send<ScheduleView>("POST", ownerRoute(viewer, tenant), {
        name: this.#value("name"),
        schedule: this.times.trim(),
        tz: this.zone.trim(),
        job: type.name,
        parameters: parametersOf(fields, this.#written(fields)),
        overlap: this.#value("overlap"),
        missed: this.#value("missed"),
        ...(jitter === "" ? {} : { jitter }),
      });
      this.#close();
      this.dispatchEvent(new CustomEvent("added", { detail: added }));
    } catch (error) {
      this.error = error;
      await this.updateComplete;
      this.renderRoot.querySelector("oc-problem")?.scrollIntoView({ block: "nearest" });
    } finally {
      this.isSending = false;
    }
  }

  readonly #close = (): void => {
    this.renderRoot.querySelector("dialog")?.close();
  };

  /** What was written is gone with the form: the next one begins anew. */
  readonly #onClose = (): void => {
    this.isOpen = false;
  };

  readonly #onOwner = (event: Event): void => {
    this.owner = (event.target as HTMLSelectElement).value === "gateway" ? "gateway" : "tenant";
  };
  readonly #onJob = (event: Event): void => {
    this.job = (event.target as HTMLSelectElement).value;
  };
  readonly #onTimes = (event: Event): void => {
    this.times = (event.target as HTMLInputElement).value;
  };
  readonly #onZone = (event: Event): void => {
    this.zone = (event.target as HTMLInputElement).value;
  };

  static override styles = [
    baseStyles,
    pageStyles,
    css`
      .field {
        display: grid;
        gap: 0.25rem;
        align-content: start;
        min-width: 0;
      }
      .pair {
        display: grid;
        gap: 1rem;
        grid-template-columns: repeat(auto-fit, minmax(min(13rem, 100%), 1fr));
      }
      .words {
        padding: 0.5rem 0.75rem;
        border-radius: var(--oc-radius);
        background: var(--oc-hover);
      }
      .words p:first-child {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .words p:first-child::first-letter {
        text-transform: uppercase;
      }
      fieldset {
        margin: 0;
        padding: 0.5rem 1rem 1rem;
        border: 1px solid var(--oc-border);
        border-radius: var(--oc-radius);
      }
      legend {
        padding-inline: 0.25rem;
        font-weight: 600;
      }
      .check {
        display: flex;
        align-items: center;
        gap: 0.5rem;
      }
      summary {
        cursor: pointer;
      }
      .inside {
        padding-block-start: 0.75rem;
      }
      input:not([type="checkbox"]),
      select,
      textarea {
        width: 100%;
      }
    `,
  ];
}

customElements.define("oc-add-schedule", AddScheduleElement);
