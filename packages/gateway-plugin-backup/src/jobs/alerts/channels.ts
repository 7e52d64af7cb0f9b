import { BackupError } from "../../errors.js";
import type { Channel } from "./channel.js";
import { email } from "./email.js";
import { ping } from "./ping.js";
import type { ChannelConfig } from "./schema.js";
import { webhook, type ChannelHost } from "./webhook.js";

/** The channels of the config, in its order. Throws `REQUEST_INVALID` for two of one name and for a user without a password. */
export function openChannels(configs: readonly ChannelConfig[], host: ChannelHost): readonly Channel[] {
  const names = new Set<string>();
  return configs.map((config, i) => {
    const place = `plugins.backup.notify[${i}]`;
    if (names.has(config.name)) {
      throw new BackupError("REQUEST_INVALID", `${place}: there is a channel '${config.name}' already.`);
    }
    names.add(config.name);
    switch (config.kind) {
      case "webhook":
        return webhook(config, host);
      case "ping":
        return ping(config, host);
      case "email":
        if ((config.user === undefined) !== (config.password === undefined)) {
          throw new BackupError("REQUEST_INVALID", `${place}: user and password go together.`);
        }
        return email(config, host);
    }
  });
}
