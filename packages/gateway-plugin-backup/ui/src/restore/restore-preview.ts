import { baseStyles, bytes, count, defineProblem, type UiHost, shownName } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { holds, signature } from "../archive/archive-facts.js";
import type { ArchiveContents } from "../archive/archive-view.js";
import { chosen } from "../archive/keys.js";
import type { Accepted, JobView } from "../jobs/job-view.js";
import "../jobs/job-progress.js";
import { copyFacts, type CopyFacts } from "./copy-facts.js";
import { replaces, restoreCall, type RestorePlan, type RestoreResult } from "./plan.js";

defineProblem();

interface DiffTotals {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unexplained: number;
}

/** What a restore will do: a dry run of it, and what differs from the tenant as it is. Dispatches `confirmed`. */
export class RestorePreviewElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    archive: { attribute: false },
    contents: { attribute: false },
    plan: { attribute: false },
    tenants: { attribute: false },
    job: { state: true },
    result: { state: true },
    copy: { state: true },
    diff: { state: true },
    problem: { state: true },
    typed: { state: true },
  };
  declare host: UiHost;
  declare archive: string;
  declare contents: ArchiveContents;
  declare plan: RestorePlan;
  declare tenants: readonly string[];
  /** Id of the dry run. */
  declare job: string | undefined;
  /** Of the dry run, when it is over and went well. */
  declare result: RestoreResult | undefined;
  declare copy: CopyFacts | undefined;
  declare diff: DiffTotals | "loading" | undefined;
  declare problem: unknown;
  declare typed: string;
  readonly #reading = new AbortController();

  constructor() {
    super();
    this.job = undefined;
    this.result = undefined;
    this.copy = undefined;
    this.diff = undefined;
    this.problem = undefined;
    this.typed = "";
  }

  override disconnectedCallback(): void {
    this.#reading.abort();
    super.disconnectedCallback();
  }

  protected override firstUpdated(): void {
    void this.#start();
  }

  async #start(): Promise<void> {
    const { host, plan, tenants, contents } = this;
    this.problem = undefined;
    this.job = undefined;
    this.result = undefined;
    const choice = chosen(host, this.archive);
    try {
      const archived = contents.tenant;
      const { path, body } = restoreCall(host.viewer, choice, { plan, archived, tenants, dryRun: true });
      this.job = (await host.api.send<Accepted>("POST", path, body)).job.id;
      if (host.viewer.kind === "tenant" || plan.what === "paths") return;
      if (this.#isCopy) this.copy = await copyFacts(host, choice, this.#reading.signal);
      else if (tenants.includes(plan.target)) await this.#compare();
    } catch (error) {
      if (!this.#reading.signal.aborted) this.problem = error;
    }
  }

  async #compare(): Promise<void> {
    this.diff = "loading";
    const body = chosen(this.host, this.archive);
    try {
      const lines = this.host.api.lines<{ kind: string } & DiffTotals>(
        "/api/admin/archives/diff",
        body,
        this.#reading.signal,
      );
      for await (const line of lines) if (line.kind === "end") this.diff = line;
    } finally {
      if (this.diff === "loading") this.diff = undefined;
    }
  }

  get #isCopy(): boolean {
    return this.plan.target !== this.contents.tenant;
  }

  get #isReplacing(): boolean {
    return this.host.viewer.kind === "tenant" || replaces(this.plan, this.tenants);
  }

  readonly #ended = ({ detail }: CustomEvent<JobView>): void => {
    if (detail.state === "succeeded") this.result = detail.result ?? {};
  };

  readonly #confirm = (event: SubmitEvent): void => {
    event.preventDefault();
    if (this.#isReplacing && this.typed !== this.plan.target) return;
    this.dispatchEvent(new Event("confirmed"));
  };

  protected override render(): TemplateResult {
    return html`<div class="stack">
      <oc-problem .error=${this.problem} can-retry @retry=${() => void this.#start()}></oc-problem>
      ${
        this.result === undefined
          ? this.job === undefined
            ? this.problem === undefined
              ? html`<p class="muted" aria-busy="true">Loading…</p>`
              : nothing
            : html`<div class="card stack tight">
                <p>Trying the restore without writing anything.</p>
                <oc-job-progress
                  .host=${this.host}
                  .job=${this.job}
                  @ended=${this.#ended}
                  @retry=${() => void this.#start()}
                ></oc-job-progress>
              </div>`
          : html`${this.#renderFacts(this.result)} ${this.#renderConfirm()}`
      }
    </div>`;
  }

  #renderFacts(result: RestoreResult): TemplateResult {
    const { plan } = this;
    const target = html`<bdi class="name">${plan.target}</bdi>`;
    const { totals } = result;
    return html`<p class="row">
        <span class="badge good"><span aria-hidden="true">✓</span>The dry run went well</span>
        <span class="muted small">Nothing has been written yet.</span>
      </p>
      <dl class="facts card">
        <dt>Tenant</dt>
        <dd>
          ${
            plan.what === "paths"
              ? html`${target} stays;
                ${plan.isInPlace ? "what stands at the paths is replaced" : html`the files go into <code><bdi class="name">${shownName(result.into ?? "")}</bdi></code>`}`
              : this.#isReplacing
                ? html`${target} as it is now is replaced as a whole. It is kept for a while, and can be
                  brought back.`
                : html`${target} is made anew.`
          }
        </dd>
        ${
          totals === undefined
            ? nothing
            : html`<dt>Brings</dt>
                <dd>${holds({ totals: { entries: 0, ...totals } })}</dd>
                <dt>Space</dt>
                <dd>${bytes(totals.contentBytes)} on the gateway's disk, besides what is there now</dd>`
        }
        ${plan.what === "whole" ? this.#renderIdentity(result) : nothing} ${this.#renderDifferences()}
        ${
          result.signedBy === undefined
            ? nothing
            : html`<dt>Signature</dt>
                <dd>${signature(result.signedBy)}</dd>`
        }
      </dl>
      ${this.#renderPaths(result)}`;
  }

  #renderIdentity({ token }: RestoreResult): TemplateResult {
    const { copy } = this;
    return html`<dt>Token</dt>
      <dd>${tokenText(token, this.#isReplacing)}</dd>
      <dt>Schedules</dt>
      <dd>
        ${
          !this.#isCopy
            ? "As they were in the archive."
            : copy === undefined
              ? "Those that come along will be off."
              : copy.schedules === 0
                ? "None is on in the archive."
                : `${count(copy.schedules)} ${copy.schedules === 1 ? "comes along and will be" : "come along and will be"} off, so that the copy does not act for the original.`
        }
      </dd>
      <dt>To pair again</dt>
      <dd>
        ${
          copy === undefined || copy.pairAgain.length === 0
            ? "Nothing"
            : copy.pairAgain.map(
                (name, i) => html`${i === 0 ? nothing : ", "}<bdi class="name">${shownName(name)}</bdi>`,
              )
        }
      </dd>`;
  }

  #renderDifferences(): TemplateResult | typeof nothing {
    const { diff, host } = this;
    if (diff === undefined) return nothing;
    if (diff === "loading")
      return html`<dt>Against now</dt>
        <dd class="muted" aria-busy="true">Comparing…</dd>`;
    const changed = diff.changed + diff.unexplained;
    const lines = [
      ...(changed === 0
        ? []
        : [
            changed === 1 ? "1 entry becomes what it was" : `${count(changed)} entries become what they were`,
          ]),
      ...(diff.removed === 0
        ? []
        : [diff.removed === 1 ? "1 comes back" : `${count(diff.removed)} come back`]),
      ...(diff.added === 0
        ? []
        : [
            diff.added === 1
              ? "1 that was made since goes away"
              : `${count(diff.added)} that were made since go away`,
          ]),
    ];
    return html`<dt>Against now</dt>
      <dd>
        ${lines.length === 0 ? "The tenant is as it was in the archive." : `${lines.join(", ")}.`}
        <a href=${host.href(`compare/${encodeURIComponent(this.archive)}/live`)}>Which ones</a>
      </dd>`;
  }

  #renderPaths({ paths = [], totals }: RestoreResult): TemplateResult | typeof nothing {
    if (paths.length === 0) return nothing;
    const all = totals === undefined ? paths.length : totals.files + totals.directories + totals.symlinks;
    return html`<details class="card">
      <summary>What is written</summary>
      <ul>
        ${paths.map((path) => html`<li><bdi class="name">${shownName(path)}</bdi></li>`)}
        ${all > paths.length ? html`<li class="muted">and ${count(all - paths.length)} more</li>` : nothing}
      </ul>
    </details>`;
  }

  #renderConfirm(): TemplateResult {
    const { plan } = this;
    if (!this.#isReplacing)
      return html`<form @submit=${this.#confirm}><button class="primary">Restore</button></form>`;
    return html`<form class="card stack tight" @submit=${this.#confirm}>
      <label for="typed">To replace it, type the tenant's name: <code>${plan.target}</code></label>
      <div class="row">
        <input
          id="typed"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          .value=${this.typed}
          @input=${(event: Event) => {
            this.typed = (event.target as HTMLInputElement).value;
          }}
        />
        <button class="danger" ?disabled=${this.typed !== plan.target}>
          ${plan.what === "paths" ? "Replace the paths" : "Replace the tenant"}
        </button>
      </div>
    </form>`;
  }

  static override styles = [
    baseStyles,
    css`
      ul {
        margin: 0.5rem 0 0;
        padding-inline-start: 1.25rem;
      }
    `,
  ];
}

function tokenText(token: string | undefined, isReplacing: boolean): string {
  switch (token) {
    case "kept":
      return "The tenant keeps the token that it has now.";
    case "archive":
      return isReplacing
        ? "The archive's token is valid again. The one of now is not valid any more."
        : "The archive's token is valid: the tenant's clients go on as they are.";
    default:
      return "A new token is made. It is shown once, when the restore is done.";
  }
}

customElements.define("oc-restore-preview", RestorePreviewElement);
