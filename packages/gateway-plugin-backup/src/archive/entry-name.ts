/** What an entry's path may look like: pure checks, for the writer's walk and for every reader. */
import { displayPath, type RawPath } from "./raw-path.js";

/** PATH_MAX of Linux. Longer paths exist on disk, but no program can use them as they are. */
export const MAX_PATH_BYTES = 4096;
/** NAME_MAX of Linux file systems. */
export const MAX_COMPONENT_BYTES = 255;

export type NameRule =
  | "empty path"
  | "absolute path"
  | "path over 4096 bytes"
  | "NUL in path"
  | "empty component"
  | ". component"
  | ".. component"
  | "component over 255 bytes";

/** Of a path in a message; a hostile one may have any length. */
const MAX_SHOWN_BYTES = 300;

const SLASH = 0x2f;
const DOT = 0x2e;

/** The first rule that the path breaks, or undefined. A backslash is an ordinary character. */
export function brokenNameRule(path: RawPath): NameRule | undefined {
  if (path.length === 0) return "empty path";
  if (path.length > MAX_PATH_BYTES) return "path over 4096 bytes";
  if (path.charCodeAt(0) === SLASH) return "absolute path";
  let start = 0;
  for (let i = 0; i <= path.length; i++) {
    const code = i === path.length ? SLASH : path.charCodeAt(i);
    if (code === 0) return "NUL in path";
    if (code !== SLASH) continue;
    const length = i - start;
    if (length === 0) return "empty component";
    if (length === 1 && path.charCodeAt(start) === DOT) return ". component";
    if (length === 2 && path.charCodeAt(start) === DOT && path.charCodeAt(start + 1) === DOT)
      return ".. component";
    if (length > MAX_COMPONENT_BYTES) return "component over 255 bytes";
    start = i + 1;
  }
  return undefined;
}

/** True for the root itself and everything below it. */
export function isWithin(path: RawPath, root: RawPath): boolean {
  return path === root || (path.startsWith(root) && path.charCodeAt(root.length) === SLASH);
}

/** The path without its last component; "" when there is only one. */
export function parentPath(path: RawPath): RawPath {
  const slash = path.lastIndexOf("/");
  return (slash === -1 ? "" : path.slice(0, slash)) as RawPath;
}

/** A path as messages show it: {@link displayPath}, cut where it is longer than a line can bear. */
export function shownPath(path: RawPath): string {
  if (path.length <= MAX_SHOWN_BYTES) return displayPath(path);
  let end = MAX_SHOWN_BYTES;
  // Not within a UTF-8 sequence, whose bytes but the first are 10xxxxxx.
  while ((path.charCodeAt(end) & 0xc0) === 0x80 && end > MAX_SHOWN_BYTES - 3) end--;
  return `${displayPath(path.slice(0, end) as RawPath)}…`;
}
