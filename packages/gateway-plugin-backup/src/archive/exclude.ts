import picomatch from "picomatch";
import { rawPathText } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

export type Exclude = (path: RawPath) => boolean;

/**
 * Globs (picomatch: `*`, `**`, `?`, braces, classes) over paths relative to the tenant's directory. Names that begin with
 * a dot are matched like others. A name that is not UTF-8 is matched byte by byte, as if it were Latin-1.
 */
export function excludeMatcher(globs: readonly string[]): Exclude {
  if (globs.length === 0) return () => false;
  const matches = picomatch([...globs], { dot: true });
  return (path) => matches(rawPathText(path) ?? path);
}
