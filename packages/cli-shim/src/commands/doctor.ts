/** `openclaw doctor`: by the gateway while it runs, else by looking at its state directory. */
import type { Command } from "commander";
import { query } from "../client.js";
import type { Context } from "../context.js";
import { CommandError, type ExitCode } from "../errors.js";
import { doctorLines } from "../output/findings.js";
import type { DoctorView } from "../views.js";
import { addExamples } from "./options.js";

interface DoctorFlags {
  readonly yes?: boolean;
  readonly offline?: boolean;
}

export function addDoctorCommand(program: Command, context: Context): void {
  const command = program
    .command("doctor")
    .summary("check the gateway and its backups")
    .description(
      "Check the gateway and its backups, and say what to do. Where no gateway answers on this machine, its state " +
        "directory (OPENCLAW_STATE_DIR) is looked at instead; without --yes nothing is changed. Exits with 1 when " +
        "something critical was found.",
    )
    .option("-y, --yes", "repair what can be repaired without losing anything, and say what was done")
    .option("--offline", "look at the state directory of this machine, without asking a gateway");
  addExamples(command, ["openclaw doctor", "openclaw doctor --yes", "openclaw doctor --offline --json"]);
  context.action(command, async (flags: DoctorFlags): Promise<ExitCode> => {
    const report = await examine(context, flags);
    context.output.result(report, () => doctorLines(report));
    return report.findings.some(({ severity }) => severity === "critical") ? 1 : 0;
  });
}

async function examine(context: Context, { yes = false, offline = false }: DoctorFlags): Promise<DoctorView> {
  if (offline) return examineOffline(context, yes);
  const client = context.client();
  try {
    const answer = yes
      ? await client.request("POST", "/api/admin/doctor")
      : await client.request("GET", "/api/admin/doctor");
    return answer as DoctorView;
  } catch (error) {
    if (!(error instanceof CommandError) || error.problem.code !== "GATEWAY_UNREACHABLE") throw error;
    // The state directory of this machine says nothing of a gateway elsewhere.
    if (!client.isOnThisMachine) throw error;
    context.output.note(`no gateway answers at ${client.url}; its state directory is looked at`);
    return examineOffline(context, yes);
  }
}

async function examineOffline(context: Context, repair: boolean): Promise<DoctorView> {
  // Loaded here: a gateway that answers needs none of it.
  const [{ doctorOffline }, { backupPlugin }] = await Promise.all([
    import("@openclaw/gateway-core"),
    import("@openclaw/gateway-plugin-backup"),
  ]);
  const report = await doctorOffline({ plugins: [backupPlugin()], env: context.env, repair });
  return { offline: true, ...report };
}

/** What the doctor of a running gateway finds at once, without asking stores. */
export async function quickLook(context: Context): Promise<DoctorView> {
  const answer = await context.client().request("GET", `/api/admin/doctor${query({ quick: "true" })}`);
  return answer as DoctorView;
}
