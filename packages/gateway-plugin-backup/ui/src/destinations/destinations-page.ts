import { baseStyles, Loaded, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { notYet } from "../fragments.js";
import { isOver, type JobView } from "../jobs/job-view.js";
import "./check-findings.js";
import "./destination-card.js";
import type { Destination } from "./destination-card.js";

/** Jobs that are looked through for the last checks. */
const LOOKED_THROUGH = 1000;

interface Shown {
  readonly destinations: readonly Destination[];
  readonly checks: readonly JobView[];
}

/** Where backups go, and whether that works. */
export class DestinationsPage extends LitElement {
  static override properties = { host: { attribute: false } };
  declare host: UiHost;

  readonly #loaded = new Loaded(this, {
    load: async (): Promise<Shown | undefined> => {
      const { api, viewer } = this.host;
      if (viewer.kind === "tenant") return undefined;
      const [{ destinations }, { jobs }] = await Promise.all([
        api.get<{ destinations: Destination[] }>("/api/admin/destinations"),
        api.get<{ jobs: JobView[] }>("/api/admin/jobs", { limit: LOOKED_THROUGH }),
      ]);
      return { destinations, checks: jobs.filter((job) => job.type === "check" && isOver(job)) };
    },
  });

  refresh(): void {
    void this.#loaded.reload();
  }

  protected override render(): TemplateResult {
    const { value, error } = this.#loaded;
    return html`<div class="stack">
      <h1>Destinations</h1>
      ${
        this.host.viewer.kind === "tenant"
          ? html`<p class="card">Destinations are the gateway admin's.</p>`
          : html`${value === undefined || error !== undefined ? notYet(error, () => this.refresh()) : nothing}
            ${value === undefined ? nothing : this.#renderAll(value)}`
      }
    </div>`;
  }

  #renderAll({ destinations, checks }: Shown): TemplateResult {
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
