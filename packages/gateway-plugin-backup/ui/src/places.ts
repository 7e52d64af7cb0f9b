/** The places of the panel, and what is shown at each. */
import type { UiHost } from "@openclaw/ui-kit";
import { html, type TemplateResult } from "lit";
import "./archive/archive-page.js";
import "./archive/compare-page.js";
import "./destinations/destinations-page.js";
import "./drills/drills-page.js";
import "./jobs/job-page.js";
import "./jobs/jobs-page.js";
import "./overview/overview-page.js";
import "./restore/restore-page.js";
import "./tenant/tenant-page.js";

export interface Section {
  readonly path: string;
  readonly title: string;
  /** Whether a tenant's own token opens it as well. */
  readonly isForTenants: boolean;
}

export const SECTIONS: readonly Section[] = [
  { path: "", title: "Overview", isForTenants: true },
  { path: "jobs", title: "Jobs", isForTenants: true },
  { path: "destinations", title: "Destinations", isForTenants: false },
  { path: "drills", title: "Drills", isForTenants: false },
];

export interface Place {
  /** Path of the section that it belongs to. */
  readonly section: string;
  readonly render: (host: UiHost) => TemplateResult;
}

/** `archives/<archive>`: an id, or a location, percent-encoded. */
export function placeOf(path: string): Place {
  const [first = "", ...others] = path.split("/");
  const [second = "", third = ""] = others.map((part) => decodeURIComponent(part));
  switch (first) {
    case "tenants":
      return {
        section: "",
        render: (host) => html`<oc-backup-tenant .host=${host} .tenant=${second}></oc-backup-tenant>`,
      };
    case "archives":
      return {
        section: "",
        render: (host) => html`<oc-backup-archive .host=${host} .archive=${second}></oc-backup-archive>`,
      };
    case "compare":
      return {
        section: "",
        render: (host) =>
          html`<oc-backup-compare .host=${host} .first=${second} .second=${third}></oc-backup-compare>`,
      };
    case "restore":
      return {
        section: "",
        render: (host) =>
          html`<oc-backup-restore
            .host=${host}
            .archive=${second}
            .paths=${third === "" ? [] : [third]}
          ></oc-backup-restore>`,
      };
    case "jobs":
      return second === ""
        ? { section: "jobs", render: (host) => html`<oc-backup-jobs .host=${host}></oc-backup-jobs>` }
        : {
            section: "jobs",
            render: (host) => html`<oc-backup-job .host=${host} .job=${second}></oc-backup-job>`,
          };
    case "destinations":
      return {
        section: first,
        render: (host) => html`<oc-backup-destinations .host=${host}></oc-backup-destinations>`,
      };
    case "drills":
      return { section: first, render: (host) => html`<oc-backup-drills .host=${host}></oc-backup-drills>` };
    default:
      return { section: "", render: (host) => html`<oc-backup-overview .host=${host}></oc-backup-overview>` };
  }
}
