/**
 * Places are written behind the address's `#`: `#/backup/tenants/acme` is the place `tenants/acme` of the page `backup`. So the
 * gateway serves one document, and no place is ever sent to it.
 */
export interface Place {
  /** Id of a panel or of one of the shell's own pages; empty: the first there is. */
  readonly page: string;
  readonly path: string;
}

export function currentPlace(): Place {
  const [page = "", ...path] = location.hash.replace(/^#\/?/, "").split("/");
  return { page, path: path.join("/") };
}

export function addressOf({ page, path }: Place): string {
  return `#/${page}${path === "" ? "" : `/${path}`}`;
}

/** What the place is called in a window's title: its last part. Empty: the page itself. */
export function placeName({ path }: Place): string {
  const last = path.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
