import { baseStyles, bytes, count, defineProblem, relativeTime, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { isOver, type Accepted, type JobView } from "../jobs/job-view.js";
import "../jobs/job-progress.js";
import { reportOf } from "./check-findings.js";

defineProblem();

/** Of `GET /api/admin/destinations`. */
export interface Destination {
  /** Absent: the gateway's default place. */
  readonly name?: string;
  readonly kind: "local" | "s3";
  readonly url: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly isDefault: boolean;
  readonly recipients: readonly string[];
  readonly lock?: { readonly mode: string; readonly days: number };
  readonly tenants: readonly string[];
  readonly archives: number;
  readonly bytes: number;
}

/** One destination, its last check, and a button for another. */
export class DestinationCardElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    destination: { attribute: false },
    last: { attribute: false },
    running: { state: true },
    checked: { state: true },
    problem: { state: true },
  };
  declare host: UiHost;
  declare destination: Destination;
  /** Its last check. */
  declare last: JobView | undefined;
  /** Id of a check that was started here. */
  declare running: string | undefined;
  /** Id of a check that was started here and is over. */
  declare checked: string | undefined;
  declare problem: unknown;

  constructor() {
    super();
    this.last = undefined;
    this.running = undefined;
    this.checked = undefined;
    this.problem = undefined;
  }

  readonly #check = async (): Promise<void> => {
    this.problem = undefined;
    const { name } = this.destination;
    try {
      const body = name === undefined ? {} : { dest: name };
      const { job } = await this.host.api.send<Accepted>("POST", "/api/admin/destinations/check", body);
      this.running = job.id;
    } catch (error) {
      this.problem = error;
    }
  };

  readonly #ended = ({ detail }: CustomEvent<JobView>): void => {
    this.last = detail;
    // Without findings, the job's own error says what is wrong.
    if (reportOf(detail) === undefined) return;
    this.running = undefined;
    this.checked = detail.id;
  };

  protected override render(): TemplateResult {
    const { destination, last, running, host } = this;
    const { name, url, endpoint, region, recipients, lock, tenants, isDefault } = destination;
    const isChecking = running !== undefined && !(last?.id === running && isOver(last));
    return html`<section class="card stack" aria-labelledby="name">
      <div class="row spread">
        <h2 id="name" class="row">
          <span class="name">${name ?? "The gateway's default place"}</span>
          ${isDefault ? html`<span class="badge">Default</span>` : nothing}
        </h2>
        <button
          type="button"
          aria-label="Check ${name ?? "the default place"}"
          ?disabled=${isChecking}
          @click=${this.#check}
        >
          Check
        </button>
      </div>
      <dl class="facts">
        <dt>Place</dt>
        <dd>
          <code class="name">${url}</code
          >${endpoint === undefined ? nothing : html` at <code class="name">${endpoint}</code>`}${region === undefined ? nothing : `, region ${region}`}
        </dd>
        <dt>Holds</dt>
        <dd>
          ${destination.archives === 0 ? "No archives" : `${count(destination.archives)} ${destination.archives === 1 ? "archive" : "archives"}, ${bytes(destination.bytes)}`}
        </dd>
        <dt>Encryption</dt>
        <dd>${recipientText(recipients.length)}</dd>
        <dt>Lock</dt>
        <dd>
          ${lock === undefined ? "None" : `${lock.mode === "compliance" ? "Compliance" : "Governance"}: nobody removes an archive within ${count(lock.days)} ${lock.days === 1 ? "day" : "days"}`}
        </dd>
        <dt>Tenants</dt>
        <dd>${tenantText(tenants)}</dd>
      </dl>
      <oc-problem .error=${this.problem}></oc-problem>
      ${
        running === undefined
          ? nothing
          : html`<oc-job-progress .host=${host} .job=${running} @ended=${this.#ended}></oc-job-progress>`
      }
      ${last === undefined || isChecking || running !== undefined ? this.#unchecked(isChecking) : this.#renderLast(last)}
    </section>`;
  }

  #unchecked(isChecking: boolean): TemplateResult | typeof nothing {
    if (isChecking || this.running !== undefined) return nothing;
    return html`<p class="small muted">
      Not checked yet. A check writes, reads and removes small objects of its own.
    </p>`;
  }

  #renderLast(last: JobView): TemplateResult {
    const { finishedAt = last.createdAt, error } = last;
    return html`<details ?open=${error !== undefined || last.id === this.checked}>
      <summary>
        ${
          error === undefined
            ? html`<span class="badge good"><span aria-hidden="true">✓</span>Usable</span>`
            : html`<span class="badge bad"><span aria-hidden="true">✕</span>Not usable</span>`
        }
        <span class="small muted">checked ${relativeTime(finishedAt)}${summary(last)}</span>
      </summary>
      <div class="stack tight found">
        ${
          reportOf(last) === undefined
            ? html`<p>${error?.message}</p>
                <p class="small muted">${error?.hint}</p>`
            : html`<oc-check-findings .job=${last}></oc-check-findings>`
        }
      </div>
    </details>`;
  }

  static override styles = [
    baseStyles,
    css`
      summary {
        cursor: pointer;
      }
      .found {
        margin-block-start: 0.75rem;
      }
    `,
  ];
}

function recipientText(recipients: number): string {
  if (recipients === 0) return "None, unless a backup asks for it";
  return recipients === 1 ? "To one public key" : `To ${count(recipients)} public keys`;
}

function tenantText(tenants: readonly string[]): TemplateResult {
  if (tenants.length === 0) return html`None uses it by itself; the admin's schedules may.`;
  if (tenants.includes("*")) return html`All may use it by themselves`;
  return html`${tenants.map((glob, i) => html`${i === 0 ? nothing : ", "}<code class="name">${glob}</code>`)}
  may use it by themselves`;
}

/** How many findings are not as they should be. */
function summary(job: JobView): string {
  const findings = reportOf(job)?.findings;
  if (findings === undefined) return "";
  const bad = findings.filter(({ outcome }) => outcome === "failed" || outcome === "denied").length;
  const lacking = findings.filter(({ outcome }) => outcome === "lacking").length;
  const parts = [
    ...(bad === 0 ? [] : [`${count(bad)} ${bad === 1 ? "failure" : "failures"}`]),
    ...(lacking === 0 ? [] : [`${count(lacking)} ${lacking === 1 ? "warning" : "warnings"}`]),
  ];
  return `, ${parts.length === 0 ? "nothing amiss" : parts.join(", ")}`;
}

customElements.define("oc-destination-card", DestinationCardElement);
