/** `openclaw gateway checklist`: what is left to look after when the whole gateway was restored. */
import type { Command } from "commander";
import type { Context } from "../context.js";
import type { ExitCode } from "../errors.js";
import { pendingLines } from "../output/backup-status.js";
import type { PostRestoreView } from "../views.js";
import { addExamples } from "./options.js";

const PATH = "/api/admin/gateway/checklist";

interface Answer {
  readonly pending: boolean;
  readonly checklist?: PostRestoreView;
}

export function addGatewayChecklist(gateway: Command, context: Context): void {
  const command = gateway
    .command("checklist")
    .summary("go through the checklist after a restore of the gateway")
    .description(
      "Go through the checklist that a restore of the whole gateway leaves: is it ready, what does the doctor find, do " +
        "status and control UI answer, are all tenants and files there. Exits with 1 while something is to be done.",
    )
    .option("--clear", "take it off the list when all is well");
  addExamples(command, ["openclaw gateway checklist", "openclaw gateway checklist --clear"]);
  context.action(command, async ({ clear = false }: { readonly clear?: boolean }): Promise<ExitCode> => {
    const client = context.client();
    const answer = (await client.request("POST", PATH)) as Answer;
    const { checklist } = answer;
    if (checklist === undefined) {
      context.output.result(answer, () => ["no restore of the gateway is to be looked after"]);
      return 0;
    }
    const isDone = checklist.items?.every(({ ok }) => ok) === true;
    if (clear && isDone) await client.request("DELETE", PATH);
    context.output.result({ ...answer, pending: !(clear && isDone) }, () => [
      ...pendingLines(checklist),
      ...(clear && isDone ? ["taken off the list"] : []),
    ]);
    return isDone ? 0 : 1;
  });
}
