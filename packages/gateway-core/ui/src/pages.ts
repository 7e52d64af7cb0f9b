/** The pages that there are for somebody: those of plugins, then the gateway's own. */
import type { Session } from "./session.js";

export interface Page {
  readonly id: string;
  readonly title: string;
  /** Custom element that shows it; see `PanelElement`. */
  readonly element: string;
  /** Defines the element; for a page that is not part of the shell. */
  readonly load?: () => Promise<unknown>;
}

export function pagesFor({ panels }: Session): readonly Page[] {
  return panels.map(({ id, title, element, url }) => ({
    id,
    title,
    element,
    load: () => import(/* @vite-ignore */ url),
  }));
}
