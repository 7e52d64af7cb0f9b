import {
  baseStyles,
  count,
  defineProblem,
  Loaded,
  timeOfDay,
  type PanelElement,
  type UiHost,
} from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { badge } from "../shared/badge.js";
import { pageStyles } from "../shared/page-styles.js";
import { SEVERITIES, summary, worstFirst, type Finding } from "./findings.js";

defineProblem();

/** With a thousand tenants there can be thousands of findings. */
const STEP = 100;

/** What the doctor finds, the worst first, and what to do about it. */
export class DoctorPageElement extends LitElement implements PanelElement {
  static override properties = {
    host: { attribute: false },
    path: { attribute: false },
    shown: { state: true },
    isRunning: { state: true },
  };
  declare host: UiHost;
  declare path: string;
  /** Findings that are shown. */
  declare shown: number;
  declare isRunning: boolean;

  readonly #findings = new Loaded(this, {
    load: async (signal) => {
      const { findings } = await this.host.api.get<{ findings: Finding[] }>(
        "/api/admin/doctor",
        undefined,
        signal,
      );
      return { findings: worstFirst(findings), at: Date.now() };
    },
  });

  constructor() {
    super();
    this.shown = STEP;
    this.isRunning = false;
  }

  readonly refresh = (): void => {
    void this.#findings.reload();
  };

  protected override render(): TemplateResult {
    const { value, error } = this.#findings;
    return html`<div class="stack">
      <div class="row spread">
        <h1>Doctor</h1>
        <button type="button" ?disabled=${this.isRunning} @click=${this.#run}>
          ${this.isRunning ? "Checking…" : "Check again"}
        </button>
      </div>
      ${error === undefined ? nothing : html`<oc-problem .error=${error} can-retry @retry=${this.#run}></oc-problem>`}
      ${
        value === undefined
          ? error === undefined
            ? html`<p class="card empty" aria-busy="true">
                Looking at the gateway, its tenants and plugins…
              </p>`
            : nothing
          : this.#renderFindings(value.findings, value.at)
      }
    </div>`;
  }

  #renderFindings(findings: readonly Finding[], at: number): TemplateResult {
    const isGood = ({ severity }: Finding): boolean => severity === "ok";
    const good = findings.filter(isGood);
    const others = findings.filter((one) => !isGood(one));
    const sum = summary(findings);
    return html`<p role="status">
        ${sum === "" ? "Nothing has to be done." : html`<strong>${sum}</strong>`}
        <span class="small muted">Checked at ${timeOfDay(at)}.</span>
      </p>
      ${others.length === 0 ? nothing : list(others.slice(0, this.shown))}
      ${
        others.length <= this.shown
          ? nothing
          : html`<div class="row">
              <button type="button" @click=${() => (this.shown += STEP)}>
                Show more of ${count(others.length)} findings
              </button>
            </div>`
      }
      ${
        good.length === 0
          ? nothing
          : html`<details>
              <summary>${count(good.length)} checks found nothing wrong</summary>
              ${list(good.slice(0, this.shown))}
            </details>`
      }`;
  }

  readonly #run = async (): Promise<void> => {
    this.isRunning = true;
    await this.#findings.reload();
    this.isRunning = false;
  };

  static override styles = [
    baseStyles,
    pageStyles,
    css`
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 6rem minmax(0, 1fr);
        gap: 0.25rem 1rem;
        padding: 0.75rem 1rem;
        border-bottom: 1px solid var(--oc-border);
        overflow-wrap: anywhere;
      }
      li:last-child {
        border-bottom: 0;
      }
      summary {
        padding-block: 0.375rem;
        cursor: pointer;
      }
      @media (width < 36rem) {
        li {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];
}

function list(findings: readonly Finding[]): TemplateResult {
  return html`<ul class="card table">
    ${findings.map(findingItem)}
  </ul>`;
}

function findingItem({ severity, message, fix, check, tenant }: Finding): TemplateResult {
  const meaning = SEVERITIES.find((one) => one.severity === severity) ?? { word: severity, kind: "" };
  return html`<li>
    <div>${badge(meaning)}</div>
    <div class="stack tight">
      <p>${message}</p>
      ${fix === undefined ? nothing : html`<p class="small">${withCode(fix)}</p>`}
      <p class="small muted">
        <code>${check}</code>${tenant === undefined ? nothing : html` · <span class="name">${tenant}</span>`}
      </p>
    </div>
  </li>`;
}

/** Commands stand between backticks. */
function withCode(text: string): (string | TemplateResult)[] {
  return text.split("`").map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
}

customElements.define("oc-doctor-page", DoctorPageElement);
