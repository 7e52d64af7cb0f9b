import { BackupError } from "../errors.js";

/** Runs `action`; where it fails, the error says which archive. The codecs know bytes, not where they came from. */
export function naming<T>(subject: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof BackupError) || error.message.startsWith(subject)) throw error;
    const { code, message, hint, details } = error;
    throw new BackupError(code, `${subject}: ${message}`, { hint, details, cause: error });
  }
}
