import { GatewayError } from "../errors.js";

/** A path below a tenant's `workspace/`, in its components. */
export interface WorkspacePath {
  /** Empty for `workspace/` itself. */
  readonly components: readonly string[];
  /** It was written with a slash at its end: only a directory can be meant. */
  readonly directory: boolean;
}

/** Limits of Linux file systems, in bytes: NAME_MAX and PATH_MAX of <linux/limits.h>. */
const MAX_COMPONENT_BYTES = 255;
const MAX_PATH_BYTES = 4096;

/**
 * Checks a path as it came, percent-decoded, in a URL. A backslash is an ordinary character here. Throws
 * `PATH_NOT_ALLOWED` for `..`, `.`, empty components, NUL, and what is too long.
 */
export function parseWorkspacePath(text: string): WorkspacePath {
  const directory = text === "" || text.endsWith("/");
  const body = text.endsWith("/") ? text.slice(0, -1) : text;
  if (body === "") {
    if (text === "/") throw refused(text, "has an empty component");
    return { components: [], directory };
  }
  if (Buffer.byteLength(body) > MAX_PATH_BYTES) throw refused(text, `is longer than ${MAX_PATH_BYTES} bytes`);
  const components = body.split("/");
  for (const component of components) {
    if (component === "") throw refused(text, "has an empty component");
    if (component === "." || component === "..") throw refused(text, `has the component '${component}'`);
    if (component.includes("\0")) throw refused(text, "has a NUL character");
    if (Buffer.byteLength(component) > MAX_COMPONENT_BYTES) {
      throw refused(text, `has a component of more than ${MAX_COMPONENT_BYTES} bytes`);
    }
  }
  return { components, directory };
}

function refused(text: string, problem: string): GatewayError {
  const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  return new GatewayError("PATH_NOT_ALLOWED", `The path ${shown} ${problem}`);
}
