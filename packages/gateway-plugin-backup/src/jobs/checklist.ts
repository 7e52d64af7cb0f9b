/** The checklist at the end of a restore: what a person would look at then, looked at. */
import type { ChecklistItem, PluginHost } from "@openclaw/gateway-core";
import { messageOf } from "../system-error.js";
import type { MeasureOutcome } from "./thread/protocol.js";

/** What the gateway says of itself, and of the tenant. Never rejects: a restore that is done stays done. */
export async function checkUp(
  host: Pick<PluginHost, "checkUp">,
  tenant?: string,
): Promise<readonly ChecklistItem[]> {
  try {
    return await host.checkUp(tenant);
  } catch (error) {
    const message = `The gateway could not be looked at: ${messageOf(error)}`;
    return [{ name: "readiness", ok: false, message, fix: "`openclaw doctor` and `openclaw status`." }];
  }
}

/** Whether a restored tree holds as much as its archive says. */
export function treeSizes(
  found: MeasureOutcome,
  expected: { readonly files: number; readonly contentBytes: number },
): ChecklistItem {
  const { files, bytes } = found;
  const text = `${files} files with ${bytes} bytes`;
  if (files === expected.files && bytes === expected.contentBytes)
    return { name: "sizes", ok: true, message: `${text} were restored, as the archive says.` };
  return {
    name: "sizes",
    ok: false,
    message: `${text} were restored, and the archive has ${expected.files} files with ${expected.contentBytes} bytes.`,
    fix: "`openclaw backups diff` compares the archive with the tenant, file by file; `openclaw tenants restore --undo` takes the restore back.",
  };
}
