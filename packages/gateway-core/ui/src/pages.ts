/** The pages that there are for somebody: those of plugins, then the gateway's own. */
import type { Viewer } from "@openclaw/ui-kit";
import "./audit/audit-page.js";
import "./doctor/doctor-page.js";
import "./schedules/schedules-page.js";
import type { Session } from "./session.js";

export interface Page {
  readonly id: string;
  readonly title: string;
  /** Custom element that shows it; see `PanelElement`. */
  readonly element: string;
  /**
   * Defines the element; for a page that is not part of the shell.
   *
   * @param failures How often that has failed. Browsers remember that a module could not be fetched, by its address.
   */
  readonly load?: (failures: number) => Promise<unknown>;
}

interface OwnPage extends Page {
  readonly for: readonly Viewer["kind"][];
}

const OWN_PAGES: readonly OwnPage[] = [
  { id: "schedules", title: "Schedules", element: "oc-schedules-page", for: ["admin", "tenant"] },
  { id: "audit", title: "Audit", element: "oc-audit-page", for: ["admin"] },
  { id: "doctor", title: "Doctor", element: "oc-doctor-page", for: ["admin"] },
];

export function pagesFor({ panels, viewer }: Session): readonly Page[] {
  const ofPlugins = panels.map(({ id, title, element, url }) => ({
    id,
    title,
    element,
    load: (failures: number) => import(/* @vite-ignore */ failures === 0 ? url : `${url}?again=${failures}`),
  }));
  const own = OWN_PAGES.filter((page) => page.for.includes(viewer.kind));
  // A plugin may bring a better page of its own.
  return [...ofPlugins, ...own.filter(({ id }) => !ofPlugins.some((page) => page.id === id))];
}
