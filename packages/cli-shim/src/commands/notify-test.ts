/** `openclaw backups notify-test`. */
import type { Command } from "commander";
import type { Context } from "../context.js";
import { addExamples } from "./options.js";

interface TestedChannels {
  readonly channels: readonly {
    readonly name: string;
    readonly kind: string;
    readonly sent: boolean;
    readonly problem?: string;
  }[];
}

export function addNotifyTestCommand(backups: Command, context: Context): void {
  const command = backups
    .command("notify-test [channel]")
    .summary("send a test alert")
    .description(
      "Send a test to one channel of plugins.backup.notify, or to all, and say what became of it. Exits with 1 when a " +
        "channel did not take it.",
    );
  addExamples(command, ["openclaw backups notify-test", "openclaw backups notify-test ops"]);
  context.action(command, async (channel: string | undefined) => {
    const body = channel === undefined ? {} : { channel };
    const answer = (await context
      .client()
      .request("POST", "/api/admin/backups/notify/test", { body })) as TestedChannels;
    context.output.result(answer, () =>
      answer.channels.length === 0
        ? ["no channel is configured"]
        : answer.channels.map(({ name, kind, sent, problem = "" }) =>
            sent ? `${name} (${kind}): sent` : `${name} (${kind}): not sent: ${problem}`,
          ),
    );
    return answer.channels.every(({ sent }) => sent) ? 0 : 1;
  });
}
