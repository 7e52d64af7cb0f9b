import path from "node:path";

/**
 * The gateway's workspace where it is said to be apart from the state, on a volume of its own: an absolute path, which may
 * lie below the state directory. Undefined: a `workspace/` there is a part of the state like any other.
 *
 * `OPENCLAW_WORKSPACE_DIR` goes before `gateway.workspaceDir` of the config; a relative path is relative to the state.
 */
export function workspaceVolume(
  env: Readonly<Record<string, string | undefined>>,
  configured: { readonly workspaceDir?: string },
  stateDirectory: string,
): string | undefined {
  const fromEnvironment = env["OPENCLAW_WORKSPACE_DIR"];
  const given =
    fromEnvironment === undefined || fromEnvironment === "" ? configured.workspaceDir : fromEnvironment;
  return given === undefined ? undefined : path.resolve(stateDirectory, given);
}
