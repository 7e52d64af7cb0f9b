import path from "node:path";
import type { Config } from "../config/schema.js";
import type { StatePaths } from "../plugin/host.js";
import { workspaceVolume } from "./workspace-volume.js";

/** Places that the config, or the environment, names; absolute. */
export function pathsInConfig(
  env: NodeJS.ProcessEnv,
  section: Config["gateway"],
  root: string,
): Pick<StatePaths, "workspace" | "privateKeys"> {
  const workspace = workspaceVolume(env, section, root);
  return {
    ...(workspace === undefined ? {} : { workspace }),
    ...(section.tls === undefined ? {} : { privateKeys: [path.resolve(root, section.tls.key)] }),
  };
}
