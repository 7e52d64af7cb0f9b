import picomatch from "picomatch";
import { rawPathText } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

/** The glob that excludes a path, or undefined. */
export type Exclude = (path: RawPath) => string | undefined;

/**
 * Globs (picomatch: `*`, `**`, `?`, braces, classes) over paths relative to the tenant's directory. Names that begin with
 * a dot are matched like others. A name that is not UTF-8 is matched byte by byte, as if it were Latin-1.
 */
export function excludeMatcher(globs: readonly string[]): Exclude {
  const matchers = globs.map((glob) => ({ glob, matches: picomatch(glob, { dot: true }) }));
  if (matchers.length === 0) return () => undefined;
  return (path) => {
    const text = rawPathText(path) ?? path;
    return matchers.find(({ matches }) => matches(text))?.glob;
  };
}
