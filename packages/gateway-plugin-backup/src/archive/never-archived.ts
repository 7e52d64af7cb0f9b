import type { ChildType } from "./listing.js";
import { rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

/** Whether what stands at a path is left out, whatever the rules say. `name` is the last part of `path`. */
export type NeverArchived = (path: RawPath, name: RawPath, type: ChildType) => boolean;

/** Of a tenant: terminal state that means nothing once its process is gone. */
export const EPHEMERAL = ["pty/"] as const;

interface Pattern {
  readonly names: readonly RawPath[];
  readonly isDirectory: boolean;
}

/**
 * Takes paths relative to the directory that is archived. A `*` stands for any one name, but for the last; a path that
 * ends with a slash means a directory. What is matched is left out with all it holds.
 */
export function neverArchived(paths: readonly string[]): NeverArchived {
  const byName = new Map<RawPath, Pattern[]>();
  for (const path of paths) {
    const isDirectory = path.endsWith("/");
    const whole = rawPath(path.replace(/\/$/, ""));
    const names = whole.split("/") as RawPath[];
    const name = whole.slice(whole.lastIndexOf("/") + 1) as RawPath;
    byName.set(name, [...(byName.get(name) ?? []), { names, isDirectory }]);
  }
  return (path, name, type) => {
    const patterns = byName.get(name);
    if (patterns === undefined) return false;
    const names = path.split("/");
    return patterns.some(
      (pattern) =>
        pattern.names.length === names.length &&
        (!pattern.isDirectory || type === "directory") &&
        pattern.names.every((wanted, i) => wanted === "*" || wanted === names[i]),
    );
  };
}
