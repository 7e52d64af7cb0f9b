/** What the shell gives a panel. */
import type { Api } from "./api.js";

/** Whose token the page was opened with. */
export type Viewer = { readonly kind: "admin" } | { readonly kind: "tenant"; readonly id: string };

export interface Notice {
  readonly kind: "success" | "info" | "error";
  /** One sentence; is read out to who cannot see it. */
  readonly text: string;
  /** What to do. */
  readonly hint?: string;
}

export interface UiHost {
  readonly api: Api;
  readonly viewer: Viewer;
  /** Address of a place in the panel, for links: `href("tenants/acme")`. Each part is to be encoded by the caller. */
  href(path: string): string;
  navigate(path: string): void;
  /** Tells what came of something; goes away by itself unless it is an error. */
  notify(notice: Notice): void;
}

/** The custom element that a panel's module defines. The shell sets both properties, `path` whenever it changes. */
export interface PanelElement extends HTMLElement {
  host: UiHost;
  /** Behind the panel's own address, without a leading slash: `tenants/acme`. */
  path: string;
  /**
   * Called when the gateway was gone and is back: what is shown may be old. An element without it is made anew, and what was
   * written into its forms is lost.
   */
  refresh?(): void;
}
