import { checkRecipient } from "../archive/age/keys.js";
import type { BackupConfig } from "../config.js";
import { BackupError, toBackupError } from "../errors.js";

/** Throws `RECIPIENT_INVALID`, and names the destination. */
export function checkConfiguredRecipients({ destinations }: Pick<BackupConfig, "destinations">): void {
  for (const [name, { recipients = [] }] of Object.entries(destinations)) {
    try {
      for (const recipient of recipients) checkRecipient(recipient);
    } catch (error) {
      const where = `plugins.backup.destinations.${name}.recipients`;
      throw new BackupError("RECIPIENT_INVALID", `${where}: ${toBackupError(error, "check it").message}`);
    }
  }
}
