/**
 * A path as its bytes, one character each: names on disk need not be UTF-8, and those on a workspace's first level are
 * whatever tenants and programs have made.
 */
export type RawPath = string & { readonly brand: "raw path" };

export function rawPath(path: string): RawPath {
  return Buffer.from(path).toString("latin1") as RawPath;
}

/** As text; for messages, and for paths that were text. */
export function decodeRaw(path: RawPath): string {
  return Buffer.from(path, "latin1").toString();
}

export function joinRaw(...parts: readonly string[]): RawPath {
  return parts.filter((part) => part !== "").join("/") as RawPath;
}

/** "" for a path of one name. */
export function parentRaw(path: RawPath): RawPath {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0)) as RawPath;
}

/** True for `directory` itself, too. */
export function isWithinRaw(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
