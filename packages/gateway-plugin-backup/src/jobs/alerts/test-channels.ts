import { BackupError } from "../../errors.js";
import type { Services } from "../services.js";
import type { Alert } from "./event.js";
import { problemOf } from "./outbox.js";

export interface ChannelTest {
  readonly name: string;
  readonly kind: string;
  readonly sent: boolean;
  /** Why not: one clause. */
  readonly problem?: string;
}

/** Sends a test to one channel or to all, past the queue and whatever they want to hear of. Throws `REQUEST_INVALID`. */
export async function testChannels(
  { channels, host, ids }: Pick<Services, "channels" | "host" | "ids">,
  name: string | undefined,
): Promise<readonly ChannelTest[]> {
  const chosen = name === undefined ? channels : channels.filter((channel) => channel.name === name);
  if (name !== undefined && chosen.length === 0) {
    throw new BackupError("REQUEST_INVALID", `There is no channel '${name}'.`, {
      hint: `Channels stand in plugins.backup.notify: ${channels.map((channel) => channel.name).join(", ")}.`,
    });
  }
  return Promise.all(
    chosen.map(async (channel): Promise<ChannelTest> => {
      const alert: Alert = {
        id: ids.next("n"),
        at: host.clock.now(),
        kind: "test",
        message: `This is a test of channel ${channel.name}. Nothing is wrong.`,
      };
      const facts = { name: channel.name, kind: channel.kind };
      try {
        // Each send has its own limit of time.
        await channel.test(alert, new AbortController().signal);
        return { ...facts, sent: true };
      } catch (error) {
        return { ...facts, sent: false, problem: problemOf(error) };
      }
    }),
  );
}
