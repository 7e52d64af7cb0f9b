/** Which entries of an archive a person means: paths and globs relative to the tenant's directory. */
import { BackupError } from "../../errors.js";
import { brokenNameRule, parentPath, shownPath } from "../entry-name.js";
import { excludeMatcher } from "../exclude.js";
import { rawPath, type RawPath } from "../raw-path.js";

/** Whether an entry is meant. */
export type PathMatcher = (path: RawPath) => boolean;

/**
 * Globs as `exclude` takes them; each matches what it names and everything below. A name that holds glob characters also
 * matches as it stands. No globs: everything. Throws REQUEST_INVALID for what cannot be below the tenant's directory.
 */
export function pathGlobs(globs: readonly string[]): PathMatcher {
  if (globs.length === 0) return () => true;
  const patterns = globs.map((glob) => withoutEnds(glob));
  const names = new Set(globs.map(namedPath));
  const matches = excludeMatcher(patterns);
  const isNamed = (path: RawPath): boolean => names.has(path) || matches(path) !== undefined;
  // Entries of a directory mostly come one after the other.
  let lastParent: { readonly path: RawPath; readonly isMeant: boolean } | undefined;
  const isMeant = (path: RawPath): boolean => {
    if (path === "") return false;
    const parent = parentPath(path);
    if (lastParent?.path !== parent) lastParent = { path: parent, isMeant: isMeant(parent) };
    return lastParent.isMeant || isNamed(path);
  };
  return isMeant;
}

/** The entry that a person names by its path. Throws REQUEST_INVALID. */
export function namedPath(text: string): RawPath {
  return checkName(rawPath(withoutEnds(text)), text);
}

/** `./a/` is `a`. */
function withoutEnds(text: string): string {
  return text.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
}

function checkName(path: RawPath, given: string): RawPath {
  const broken = brokenNameRule(path);
  if (broken === undefined) return path;
  throw new BackupError("REQUEST_INVALID", `"${shownPath(rawPath(given))}" names no entry: ${broken}.`, {
    hint: "Paths in an archive are relative to the tenant's directory: sessions/a.jsonl",
  });
}
