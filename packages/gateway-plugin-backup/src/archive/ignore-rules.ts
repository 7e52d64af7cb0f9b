/**
 * The language of `.backupignore`, which is gitignore's (git-scm.com/docs/gitignore), parsed and matched. The tenant writes
 * the rules and the names they are matched against, so nothing here is a regular expression: one match costs at most the
 * length of the pattern times that of the path, and every step is counted.
 *
 * Patterns and paths are compared byte by byte, as git does.
 */
import type { RawPath } from "./raw-path.js";

export interface IgnoreRule {
  /** In the file, from 1 on. */
  readonly line: number;
  /** `!`: what it matches stays in. */
  readonly negated: boolean;
  /** `/` at the end: matches directories only. */
  readonly directoryOnly: boolean;
  /** For the name alone, or a pattern for each component of the path. */
  readonly pattern: { readonly name: Glob } | { readonly path: PathGlob };
}

/** `*` among the characters of a name; `**` among the components of a path. */
const STAR = Symbol("star");
/** One character: itself, or any of a set. */
type Token = string | { has(character: string): boolean };
type Glob = readonly (Token | typeof STAR)[];
type PathGlob = readonly (Glob | typeof STAR)[];

/** Counts the steps of matching; whoever matches looks at it between two rules. */
export interface StepMeter {
  steps: number;
}

const ANY: Token = { has: () => true };
const BYTE_ORDER_MARK = "\xef\xbb\xbf";

/** The rules of a file. A line that is no rule (a comment, or a pattern that can match nothing) is passed over, as by git. */
export function parseIgnoreRules(lines: readonly string[]): IgnoreRule[] {
  return lines.flatMap((text, index) => {
    const rule = parseRule(index === 0 ? withoutPrefix(text, BYTE_ORDER_MARK) : text, index + 1);
    return rule === undefined ? [] : [rule];
  });
}

/**
 * Whether the rule is about an entry.
 *
 * @param path Relative to the directory that holds the rule's file.
 */
export function ruleMatches(
  rule: IgnoreRule,
  path: RawPath,
  isDirectory: boolean,
  meter: StepMeter,
): boolean {
  if (rule.directoryOnly && !isDirectory) {
    meter.steps++;
    return false;
  }
  const { pattern } = rule;
  if ("name" in pattern) return globMatches(pattern.name, path.slice(path.lastIndexOf("/") + 1), meter);
  return matches(pattern.path, path.split("/"), (glob, name) => globMatches(glob, name, meter), meter);
}

function globMatches(glob: Glob, name: string, meter: StepMeter): boolean {
  return matches(
    glob,
    name,
    (token, character) => (typeof token === "string" ? token === character : token.has(character)),
    meter,
  );
}

/**
 * Matches a sequence against a pattern in which STAR stands for any number of items. Only the last star met is ever tried
 * at another length: an earlier one has nothing to gain by that, because every later star can take up the difference.
 */
function matches<T, Item>(
  pattern: readonly (T | typeof STAR)[],
  items: ArrayLike<Item>,
  accepts: (token: T, item: Item) => boolean,
  meter: StepMeter,
): boolean {
  let at = 0;
  let star = -1;
  let starEnd = 0;
  for (let position = 0; position < items.length;) {
    meter.steps++;
    const token = pattern[at];
    if (token === STAR) {
      star = at++;
      starEnd = position;
    } else if (token !== undefined && accepts(token, items[position] as Item)) {
      at++;
      position++;
    } else if (star === -1) {
      return false;
    } else {
      at = star + 1;
      position = ++starEnd;
    }
  }
  while (pattern[at] === STAR) at++;
  return at === pattern.length;
}

function parseRule(line: string, number: number): IgnoreRule | undefined {
  let text = withoutTrailingSpaces(line.endsWith("\r") ? line.slice(0, -1) : line);
  if (text.startsWith("#")) return undefined;
  const negated = text.startsWith("!");
  if (negated) text = text.slice(1);
  const directoryOnly = text.endsWith("/");
  if (directoryOnly) text = text.slice(0, -1);
  const common = { line: number, negated, directoryOnly };
  if (!text.includes("/")) {
    const name = parseGlob(text);
    return name === undefined ? undefined : { ...common, pattern: { name } };
  }
  const path = parsePath(withoutPrefix(text, "/").split("/"));
  return path === undefined ? undefined : { ...common, pattern: { path } };
}

function parsePath(components: readonly string[]): PathGlob | undefined {
  const pattern: (Glob | typeof STAR)[] = [];
  for (const [index, component] of components.entries()) {
    if (component === "**") {
      pattern.push(STAR);
      // `a/**` is all that `a` holds, but not `a` itself.
      if (index === components.length - 1) pattern.push([STAR]);
      continue;
    }
    const glob = parseGlob(component);
    if (glob === undefined) return undefined;
    pattern.push(glob);
  }
  return pattern;
}

/** Undefined for a pattern that can match no name: an empty one, one that ends in a lone `\`, or with an open `[`. */
function parseGlob(text: string): Glob | undefined {
  if (text === "") return undefined;
  const glob: (Token | typeof STAR)[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === "*") {
      if (glob.at(-1) !== STAR) glob.push(STAR);
    } else if (character === "?") {
      glob.push(ANY);
    } else if (character === "[") {
      const set = parseSet(text, i + 1);
      if (set === undefined) return undefined;
      glob.push(set.token);
      i = set.end;
    } else if (character === "\\") {
      if (++i === text.length) return undefined;
      glob.push(text.charAt(i));
    } else {
      glob.push(character);
    }
  }
  return glob;
}

/** `[abc]`, `[a-z]`, `[!a]`, `[^a]`, from behind the bracket on; a `]` that comes first stands for itself. */
function parseSet(text: string, start: number): { readonly token: Token; readonly end: number } | undefined {
  let i = start;
  const inverted = text[i] === "!" || text[i] === "^";
  if (inverted) i++;
  const characters = new Set<string>();
  const next = (): string | undefined => {
    if (text[i] === "\\") i++;
    return text[i++];
  };
  for (let first = true; first || text[i] !== "]"; first = false) {
    const from = next();
    if (from === undefined) return undefined;
    if (text[i] !== "-" || text[i + 1] === "]" || text[i + 1] === undefined) {
      characters.add(from);
      continue;
    }
    i++;
    const to = next();
    if (to === undefined) return undefined;
    for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++)
      characters.add(String.fromCharCode(code));
  }
  const token = inverted ? { has: (character: string) => !characters.has(character) } : characters;
  return { token, end: i };
}

/** A space behind a `\` stays. */
function withoutTrailingSpaces(text: string): string {
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === " ") continue;
    end = Math.min(i + 1, text.length);
  }
  return text.slice(0, end);
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}
