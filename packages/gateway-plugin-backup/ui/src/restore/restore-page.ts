import { Task, TaskStatus } from "@lit/task";
import { baseStyles, dateTime, defineProblem, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { isAboutKey, showArchive, type ArchiveContents, type Decrypt } from "../archive/archive-view.js";
import { chosen, rememberKey } from "../archive/keys.js";
import "../archive/archive-facts.js";
import "../archive/key-form.js";
import { firstPlan, replaces, restoreCall, targetProblem, type RestorePlan } from "./plan.js";
import "./restore-preview.js";
import "./restore-run.js";

defineProblem();

const STEPS = ["What", "Where to", "Check", "Restore"] as const;

type Step = 0 | 1 | 2 | 3;

interface Loaded {
  readonly contents: ArchiveContents;
  readonly tenants: readonly string[];
  /** Why the viewer cannot restore. */
  readonly refusal?: string;
}

/** The way from an archive to a tenant, in steps; nothing is written before the last one. */
export class RestorePage extends LitElement {
  static override properties = {
    host: { attribute: false },
    archive: { attribute: false },
    paths: { attribute: false },
    step: { state: true },
    plan: { state: true },
  };
  declare host: UiHost;
  declare archive: string;
  /** To begin with; none: the whole tenant. */
  declare paths: readonly string[];
  declare step: Step;
  declare plan: RestorePlan | undefined;

  readonly #loaded = new Task(this, {
    args: () => [this.host, this.archive] as const,
    task: ([host, archive]) => load(host, archive),
    onComplete: ({ contents }) => {
      this.plan = firstPlan(contents, this.paths);
      this.step = 0;
    },
  });

  constructor() {
    super();
    this.paths = [];
    this.step = 0;
    this.plan = undefined;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get("step");
    if (before !== undefined && before !== this.step)
      this.renderRoot.querySelector<HTMLElement>("#step")?.focus();
  }

  /** What is in an archive does not change: only one that could not be looked into is looked into again. */
  refresh(): void {
    if (this.#loaded.status === TaskStatus.ERROR) void this.#loaded.run();
  }

  readonly #onKey = (event: CustomEvent<Decrypt>): void => {
    rememberKey(this.host, this.archive, event.detail);
    void this.#loaded.run();
  };

  #change(change: Partial<RestorePlan>): void {
    if (this.plan !== undefined) this.plan = { ...this.plan, ...change };
  }

  get #isTenant(): boolean {
    return this.host.viewer.kind === "tenant";
  }

  #next(event: SubmitEvent, step: Step): void {
    event.preventDefault();
    this.step = step;
  }

  protected override render(): TemplateResult {
    const { status, value, error } = this.#loaded;
    return html`<div class="stack">
      <h1>Restore</h1>
      ${
        status === TaskStatus.ERROR
          ? isAboutKey(error)
            ? html`<oc-key-form .error=${error} @key=${this.#onKey}></oc-key-form>`
            : html`<oc-problem
                .error=${error}
                can-retry
                @retry=${() => void this.#loaded.run()}
              ></oc-problem>`
          : value === undefined || this.plan === undefined
            ? html`<p class="muted" aria-busy="true">Loading…</p>`
            : this.#renderSteps(value, this.plan)
      }
    </div>`;
  }

  #renderSteps(loaded: Loaded, plan: RestorePlan): TemplateResult {
    const { step } = this;
    if (loaded.refusal !== undefined) return html`<p class="card">${loaded.refusal}</p>`;
    const steps = STEPS.flatMap((title, i) => (this.#isTenant && i === 1 ? [] : [{ title, i }]));
    return html`<ol class="steps" aria-label="Steps">
        ${steps.map(
          ({ title, i }, place) =>
            html`<li aria-current=${i === step ? "step" : nothing} class=${i < step ? "past" : ""}>
              <span aria-hidden="true">${i < step ? "✓" : place + 1}</span> ${title}${
                i < step ? html`<span class="visually-hidden">, done</span>` : nothing
              }
            </li>`,
        )}
      </ol>
      <section class="stack" aria-labelledby="step">
        <h2 id="step" tabindex="-1">${STEPS[step]}</h2>
        ${this.#renderStep(loaded, plan)}
        ${
          step === 1 || step === 2
            ? html`<div>
                <button
                  type="button"
                  class="plain"
                  @click=${() => {
                    this.step = this.#isTenant ? 0 : step === 2 ? 1 : 0;
                  }}
                >
                  ← Back
                </button>
              </div>`
            : nothing
        }
      </section>`;
  }

  #renderStep({ contents, tenants }: Loaded, plan: RestorePlan): TemplateResult {
    const archived = contents.tenant;
    switch (this.step) {
      case 0:
        return this.#renderWhat(contents, plan);
      case 1:
        return this.#renderWhere(contents, tenants, plan);
      case 2:
        return html`<oc-restore-preview
          .host=${this.host}
          .archive=${this.archive}
          .contents=${contents}
          .plan=${plan}
          .tenants=${tenants}
          @confirmed=${() => {
            this.step = 3;
          }}
        ></oc-restore-preview>`;
      case 3: {
        const choice = chosen(this.host, this.archive);
        const call = restoreCall(this.host.viewer, choice, { plan, archived, tenants, dryRun: false });
        return html`<oc-restore-run .host=${this.host} .call=${call}></oc-restore-run>`;
      }
    }
  }

  #renderWhat(contents: ArchiveContents, plan: RestorePlan): TemplateResult {
    return html`<form
      class="stack"
      @submit=${(event: SubmitEvent) => this.#next(event, this.#isTenant ? 2 : 1)}
    >
      <p>From the archive of ${dateTime(contents.createdAt)}:</p>
      <oc-archive-facts .contents=${contents}></oc-archive-facts>
      ${
        this.#isTenant
          ? html`<p>
              All of the tenant becomes what it was then. Its token, quotas and labels stay as they are.
            </p>`
          : html`<fieldset class="stack tight">
              <legend>What of it</legend>
              ${this.#option(plan.what === "whole", "what", "The whole tenant", () => this.#change({ what: "whole" }))}
              ${this.#option(plan.what === "paths", "what", "Some paths of it", () => this.#change({ what: "paths" }))}
              ${
                plan.what === "whole"
                  ? nothing
                  : html`<div class="stack tight inner">
                      <label for="paths">Paths, one a line</label>
                      <textarea
                        id="paths"
                        rows="4"
                        required
                        dir="auto"
                        spellcheck="false"
                        aria-describedby="paths-note"
                        .value=${plan.paths.join("\n")}
                        @change=${(event: Event) => {
                          const lines = (event.target as HTMLTextAreaElement).value.split("\n");
                          this.#change({ paths: lines.filter((line) => line.trim() !== "") });
                        }}
                      ></textarea>
                      <p id="paths-note" class="small muted">
                        Each also stands for what is below it. Globs such as
                        <code>workspace/**/*.md</code> work.
                      </p>
                    </div>`
              }
            </fieldset>`
      }
      <div><button class="primary">Next</button></div>
    </form>`;
  }

  #renderWhere(contents: ArchiveContents, tenants: readonly string[], plan: RestorePlan): TemplateResult {
    const problem = targetProblem(plan, tenants);
    const isTaken = tenants.includes(plan.target);
    return html`<form
      class="stack"
      @submit=${(event: SubmitEvent) => {
        if (problem === undefined) this.#next(event, 2);
        else event.preventDefault();
      }}
    >
      <div class="stack tight">
        <label for="target">Name of the tenant</label>
        <input
          id="target"
          required
          maxlength="32"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          list="tenants"
          aria-describedby="target-note"
          aria-invalid=${problem === undefined ? "false" : "true"}
          .value=${plan.target}
          @input=${(event: Event) => this.#change({ target: (event.target as HTMLInputElement).value.trim() })}
        />
        <p id="target-note" class="small" role="status">
          ${problem ?? targetNote(plan, { archived: contents.tenant, isTaken })}
        </p>
      </div>
      ${plan.what === "paths" ? this.#renderPlace(plan) : nothing}
      ${plan.what === "whole" && replaces(plan, tenants) ? this.#renderToken(plan) : nothing}
      <div>
        <button class="primary" ?disabled=${problem !== undefined}>Next: see what will happen</button>
      </div>
    </form>`;
  }

  #renderPlace(plan: RestorePlan): TemplateResult {
    return html`<fieldset class="stack tight">
      <legend>Where in the tenant</legend>
      ${this.#option(!plan.isInPlace, "place", "Into a directory of their own, beside what is there", () =>
        this.#change({ isInPlace: false }),
      )}
      ${this.#option(plan.isInPlace, "place", "In their places, replacing what is there", () =>
        this.#change({ isInPlace: true }),
      )}
      ${
        plan.isInPlace
          ? nothing
          : html`<div class="stack tight inner">
              <label for="into">Directory</label>
              <input
                id="into"
                placeholder="workspace/restored-…"
                autocomplete="off"
                spellcheck="false"
                aria-describedby="into-note"
                .value=${plan.into}
                @input=${(event: Event) => this.#change({ into: (event.target as HTMLInputElement).value.trim() })}
              />
              <p id="into-note" class="small muted">
                One that is not there yet. Left empty, the gateway makes a name.
              </p>
            </div>`
      }
    </fieldset>`;
  }

  #renderToken(plan: RestorePlan): TemplateResult {
    return html`<fieldset class="stack tight">
      <legend>Token</legend>
      ${this.#option(plan.token === "kept", "token", "Keep the one that the tenant has now", () =>
        this.#change({ token: "kept" }),
      )}
      ${this.#option(
        plan.token === "archive",
        "token",
        "Take the archive's; the one of now is not valid any more",
        () => this.#change({ token: "archive" }),
      )}
    </fieldset>`;
  }

  #option(isChosen: boolean, name: string, text: string, choose: () => void): TemplateResult {
    return html`<label class="option"
      ><input type="radio" name=${name} .checked=${isChosen} @change=${choose} /> ${text}</label
    >`;
  }

  static override styles = [
    baseStyles,
    css`
      .steps {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem 1.5rem;
        margin: 0;
        padding: 0;
        list-style: none;
        color: var(--oc-muted);
      }
      .steps span:first-child {
        display: inline-grid;
        place-items: center;
        width: 1.5rem;
        height: 1.5rem;
        border: 1px solid var(--oc-border-strong);
        border-radius: 50%;
        font-size: 0.8125rem;
      }
      .steps [aria-current] {
        color: var(--oc-text);
        font-weight: 600;
      }
      .steps [aria-current] span:first-child {
        border-color: var(--oc-accent);
        background: var(--oc-accent);
        color: var(--oc-on-accent);
      }
      h2:focus {
        outline: none;
      }
      fieldset {
        margin: 0;
        padding: 0;
        border: none;
      }
      legend {
        padding: 0;
        margin-block-end: 0.375rem;
        font-weight: 600;
      }
      .option {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        min-height: 2rem;
        font-weight: 400;
      }
      .option input {
        flex: none;
      }
      .inner {
        max-width: 44rem;
        padding-inline-start: 1.625rem;
      }
      #target,
      #into {
        width: 100%;
        max-width: 28rem;
      }
      textarea {
        width: 100%;
        font-family: var(--oc-mono);
      }
    `,
  ];
}

async function load(host: UiHost, archive: string): Promise<Loaded> {
  const contents = await showArchive(host, chosen(host, archive));
  if (host.viewer.kind === "admin") {
    const { tenants } = await host.api.get<{ tenants: { id: string }[] }>("/api/admin/tenants");
    return { contents, tenants: tenants.map(({ id }) => id) };
  }
  const tenants = [host.viewer.id];
  const { selfRestore } = await host.api.get<{ selfRestore: boolean }>("/api/tenant/backups/allowance");
  if (selfRestore) return { contents, tenants };
  const refusal = "On this gateway, restores are the admin's. Ask for one, and name the archive.";
  return { contents, tenants, refusal };
}

function targetNote(
  { what, target }: RestorePlan,
  { archived, isTaken }: { readonly archived: string; readonly isTaken: boolean },
): string {
  if (what === "paths") return `The files go into the tenant ${target}, which is there.`;
  if (isTaken)
    return `There is a tenant ${target}. It is replaced as a whole, and kept for a while for an undo.`;
  if (target === archived) return "There is no tenant of this name now. It comes back as it was.";
  return `A new tenant, a copy of ${archived}. Its schedules will be off.`;
}

customElements.define("oc-backup-restore", RestorePage);
