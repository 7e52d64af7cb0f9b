import type { Finding } from "@openclaw/gateway-core";
import type { PostRestore } from "../jobs/post-restore.js";

/** What is left to look after when the whole gateway was restored. */
export async function postRestore(checklist: PostRestore): Promise<readonly Finding[]> {
  const note = await checklist.pending();
  if (note === undefined) return [{ severity: "ok", message: "No checklist of a restore is pending." }];
  const { from, restoredAt, items } = note;
  const restore = `the restore of ${from} at ${restoredAt}`;
  if (items === undefined) {
    const message = `The checklist after ${restore} was not gone through yet.`;
    return [
      {
        severity: "warning",
        message,
        fix: "The gateway goes through it by itself, soon after its start; `openclaw gateway checklist` does so at once.",
      },
    ];
  }
  const open = items.filter(({ ok }) => !ok);
  if (open.length > 0) {
    return open.map(({ name, message, fix = "Put it right" }) => ({
      severity: "warning",
      message: `The checklist after ${restore} is not done, ${name}: ${message}`,
      fix: `${fix.replace(/\.?$/, ".")} Then \`openclaw gateway checklist\` looks again.`,
    }));
  }
  return [
    {
      severity: "info",
      message: `All is well after ${restore}.`,
      fix: "`openclaw gateway checklist --clear` takes note of it.",
      repair: async () => {
        await checklist.clear();
        return "The checklist of the restore was taken off.";
      },
    },
  ];
}
