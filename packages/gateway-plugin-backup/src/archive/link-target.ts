/**
 * Where symlinks of an archive lead. Three questions: where does one target lead by its text alone, what does the
 * writer store for a target, and does any link of a finished set leave the root by way of other links.
 */
import { isWithin, parentPath } from "./entry-name.js";
import { joinRaw } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

/** The kernel's MAXSYMLINKS: a path that passes more links than this leads nowhere (ELOOP). */
const MAX_LINKS_PASSED = 40;
/**
 * Steps that {@link LinkSet.escaping} takes before it gives up: a second or two of work. A step is a path component, or
 * 64 bytes of the path that is looked up. Honest archives hold few links that need it; a set made to be costly must not
 * hold up its reader.
 */
export const MAX_LINK_STEPS = 5_000_000;
const STEP_BYTES = 64;

/** What is left of the steps; several rounds may share it. */
export interface LinkBudget {
  steps: number;
}

/** The kernel's `symlink` takes no target that fills PATH_MAX with its NUL. */
const MAX_TARGET_BYTES = 4095;

export type TargetRule =
  "empty link target" | "NUL in link target" | "link target over 4095 bytes" | "link leaves the root";

/** The first rule that the target of a link at `path` breaks, or undefined. */
export function brokenTargetRule(path: RawPath, target: RawPath, root: RawPath): TargetRule | undefined {
  if (target === "") return "empty link target";
  if (target.includes("\0")) return "NUL in link target";
  if (target.length > MAX_TARGET_BYTES) return "link target over 4095 bytes";
  return resolveLinkTarget(path, target, root) === undefined ? "link leaves the root" : undefined;
}

/**
 * Where the link at `path` leads by its text alone; undefined when the target is absolute, or climbs above `root` at any
 * step, even if only to come back: under another tenant's name it would not come back.
 */
export function resolveLinkTarget(path: RawPath, target: RawPath, root: RawPath): RawPath | undefined {
  if (target.startsWith("/")) return undefined;
  const resolved = parentPath(path).split("/");
  const rootDepth = depth(root);
  for (const component of target.split("/")) {
    if (component === "" || component === ".") continue;
    if (component !== "..") resolved.push(component);
    else if (resolved.length === rootDepth) return undefined;
    else resolved.pop();
  }
  return resolved.join("/") as RawPath;
}

/**
 * The target that an archive stores for a link of the tenant; undefined when it leads outside and must be left out. A
 * relative target is stored as it is. An absolute one that lies inside `directory` becomes relative, so that it still
 * holds where the archive is restored.
 *
 * @param path The link's path in the archive.
 * @param target What `readlink` gave.
 * @param root The directory of the archive that stands for `directory`: `tenants/acme`.
 * @param directory The tenant's directory on this machine, absolute, without a trailing slash.
 */
export function relativeTargetFor(
  path: RawPath,
  target: RawPath,
  root: RawPath,
  directory: RawPath,
): RawPath | undefined {
  const stored = target.startsWith("/") ? relativeTo(path, target, root, directory) : target;
  return stored === undefined || brokenTargetRule(path, stored, root) !== undefined ? undefined : stored;
}

function relativeTo(path: RawPath, target: RawPath, root: RawPath, directory: RawPath): RawPath | undefined {
  if (!isWithin(target, directory)) return undefined;
  const steps: string[] = new Array<string>(depth(path) - depth(root) - 1).fill("..");
  const rest = target.slice(directory.length).replace(/^\/+/, "");
  if (rest !== "") steps.push(rest);
  return (steps.length === 0 ? "." : steps.join("/")) as RawPath;
}

function depth(path: RawPath): number {
  return path.split("/").length;
}

export interface EscapingLink {
  readonly path: RawPath;
  /** Undefined: it was not judged. */
  readonly rule: LinkRule | undefined;
}

/**
 * The links to leave out, so that no other of the set escapes; they are taken out of it.
 *
 * @param found What {@link LinkSet.escaping} gave.
 */
export function allEscaping(set: LinkSet, found: readonly EscapingLink[]): readonly RawPath[] {
  for (const { path } of found) set.delete(path);
  // One round is enough: a link that passes through one that escapes, escapes as well, so no other changes its meaning
  // when those are gone. A link that was not judged is another matter: without it, all that can climb are left out.
  const more = found.some(({ rule }) => rule === undefined) ? [...set.escaping({ steps: 0 })] : [];
  for (const { path } of more) set.delete(path);
  return [...found, ...more].map(({ path }) => path);
}

export type LinkRule = "link leaves the root through another link" | "link passes more than 40 links";

/**
 * The symlinks of one archive. Each has passed {@link brokenTargetRule}; this finds those that leave the root by way of
 * another link of the set, as `b/../../x` does when `b` is a link to a directory less deep than itself.
 */
export class LinkSet {
  readonly #root: RawPath;
  readonly #targets = new Map<RawPath, RawPath>();
  readonly #suspects = new Map<RawPath, RawPath>();

  constructor(root: RawPath) {
    this.#root = root;
  }

  add(path: RawPath, target: RawPath): void {
    this.#targets.set(path, target);
    // Only `..` behind a name can mean something else than its text says: a leading `..` starts at the link's own
    // directory, which is a real one, and names alone only lead down, or to another link that is judged by itself.
    if (climbsBehindName(target)) this.#suspects.set(path, target);
  }

  delete(path: RawPath): void {
    this.#targets.delete(path);
    this.#suspects.delete(path);
  }

  /**
   * The links that leave the root by way of others, each with the rule it breaks, in the order they were added.
   *
   * @param budget Links left over when it is used up are given with rule undefined: not judged.
   */
  *escaping(budget: LinkBudget = { steps: MAX_LINK_STEPS }): Generator<EscapingLink> {
    for (const [path, target] of this.#suspects) {
      const verdict = this.#follow(path, target, budget);
      if (verdict !== "inside") yield { path, rule: verdict === "unjudged" ? undefined : verdict };
    }
  }

  /** Follows a link as the kernel would if every path existed. */
  #follow(link: RawPath, linkTarget: RawPath, budget: LinkBudget): "inside" | "unjudged" | LinkRule {
    let at = parentPath(link);
    let passed = 0;
    const pending = components(linkTarget);
    for (;;) {
      const component = pending.pop();
      if (component === undefined) return "inside";
      if (budget.steps <= 0) return "unjudged";
      budget.steps -= 1 + Math.floor(at.length / STEP_BYTES);
      if (component === "..") {
        if (at === this.#root) return "link leaves the root through another link";
        at = parentPath(at);
        continue;
      }
      const next = joinRaw(at, component);
      const target = this.#targets.get(next);
      if (target === undefined) {
        at = next;
        continue;
      }
      if (++passed > MAX_LINKS_PASSED) return "link passes more than 40 links";
      pending.push(...components(target));
    }
  }
}

/** Components of a target, last first, without those that mean nothing. */
function components(target: RawPath): RawPath[] {
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  return parts.reverse() as RawPath[];
}

function climbsBehindName(target: RawPath): boolean {
  let named = false;
  for (const component of target.split("/")) {
    if (component === "" || component === ".") continue;
    if (component !== "..") named = true;
    else if (named) return true;
  }
  return false;
}
