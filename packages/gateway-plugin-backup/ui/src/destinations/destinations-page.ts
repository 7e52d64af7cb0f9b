import { initialState, Task } from "@lit/task";
import { baseStyles, defineProblem, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";
import { isOver, type JobView } from "../jobs/job-view.js";
import "./check-findings.js";
import "./destination-card.js";
import type { Destination } from "./destination-card.js";

defineProblem();

/** Jobs that are looked through for the last checks. */
const LOOKED_THROUGH = 1000;

interface Loaded {
  readonly destinations: readonly Destination[];
  readonly checks: readonly JobView[];
}

/** Where backups go, and whether that works. */
export class DestinationsPage extends LitElement {
  static override properties = { host: { attribute: false } };
  declare host: UiHost;

  readonly #loaded = new Task(this, {
    args: () => [this.host] as const,
    task: async ([{ api, viewer }]): Promise<Loaded | typeof initialState> => {
      if (viewer.kind === "tenant") return initialState;
      const [{ destinations }, { jobs }] = await Promise.all([
        api.get<{ destinations: Destination[] }>("/api/admin/destinations"),
        api.get<{ jobs: JobView[] }>("/api/admin/jobs", { limit: LOOKED_THROUGH }),
      ]);
      return { destinations, checks: jobs.filter((job) => job.type === "check" && isOver(job)) };
    },
  });

  protected override render(): TemplateResult {
    return html`<div class="stack">
      <h1>Destinations</h1>
      ${
        this.host.viewer.kind === "tenant"
          ? html`<p class="card">Destinations are the gateway admin's.</p>`
          : this.#loaded.render({
              pending: () => html`<p class="muted" aria-busy="true">Loading…</p>`,
              error: (error) =>
                html`<oc-problem
                  .error=${error}
                  can-retry
                  @retry=${() => void this.#loaded.run()}
                ></oc-problem>`,
              complete: (loaded) => this.#renderAll(loaded),
            })
      }
    </div>`;
  }

  #renderAll({ destinations, checks }: Loaded): TemplateResult {
    return html`${destinations.map(
        (destination) =>
          html`<oc-destination-card
            .host=${this.host}
            .destination=${destination}
            .last=${checks.find(({ request }) => request["dest"] === destination.name)}
          ></oc-destination-card>`,
      )}
      <p class="small muted">
        Destinations stand in <code>plugins.backup.destinations</code> of the gateway's config. A gateway that
        runs reads it when it starts again.
      </p>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-destinations", DestinationsPage);
