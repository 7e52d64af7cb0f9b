/** Whether alerts reach somebody. */
import type { Finding } from "@openclaw/gateway-core";
import type { Services } from "../jobs/services.js";
import { ageText } from "./words.js";

export function alertChannels({ channels, host, ledger }: Services): readonly Finding[] {
  if (channels.length === 0) {
    const message = "No channel is configured: nobody is told when a backup fails or does not run.";
    return [{ severity: "info", message, fix: "Set plugins.backup.notify; see docs/alerts.md." }];
  }
  const waiting = ledger.deliveries.waiting();
  return channels.map((channel): Finding => {
    const { name } = channel;
    const unsent = waiting.get(name) ?? 0;
    const { failedAt, failures, problem } = ledger.deliveries.channel(name);
    const broken = channel.problem();
    if (broken !== undefined) {
      return {
        severity: "critical",
        message: `Channel ${name} cannot be used: ${broken}. ${unsent} alerts wait.`,
        fix: "Correct plugins.backup.notify in openclaw.json, or what it refers to.",
      };
    }
    if (failedAt !== undefined && problem !== undefined) {
      const times = `${failures} times, the last ${ageText(host.clock.now() - failedAt)} ago`;
      return {
        severity: "warning",
        message: `Channel ${name} does not take alerts: ${problem} (${times}). ${unsent} alerts wait.`,
        fix: `openclaw backups notify-test ${name}`,
      };
    }
    return { severity: "ok", message: `Channel ${name} takes alerts; ${unsent} wait.` };
  });
}
