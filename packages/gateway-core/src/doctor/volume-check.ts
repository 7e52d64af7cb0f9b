import { access, constants, stat } from "node:fs/promises";
import type { DoctorCheck, Finding } from "../plugin/host.js";
import type { GatewayPaths } from "../state/directory.js";
import { errorText } from "../system-error.js";

/** Whether the workspace's own volume can be used: a gateway starts without it, and then no backup of the whole gateway succeeds. */
export function volumeCheck({ workspace }: Pick<GatewayPaths, "workspace">): DoctorCheck {
  return { name: "workspace", run: async () => [await look(workspace)] };
}

async function look(workspace: string | undefined): Promise<Finding> {
  if (workspace === undefined)
    return { severity: "ok", message: "The workspace is a part of the state directory." };
  const unusable = (problem: string): Finding => ({
    severity: "critical",
    message: `The workspace's volume ${workspace} cannot be used: ${problem}`,
    fix: "Mount it there, with read and write access for the gateway's user, or correct OPENCLAW_WORKSPACE_DIR (gateway.workspaceDir in openclaw.json).",
  });
  try {
    if (!(await stat(workspace)).isDirectory()) return unusable("it is no directory");
    await access(workspace, constants.R_OK | constants.W_OK | constants.X_OK);
    return { severity: "ok", message: `The workspace's volume is there: ${workspace}` };
  } catch (error) {
    return unusable(errorText(error));
  }
}
