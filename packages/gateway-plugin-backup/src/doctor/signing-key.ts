/** The key that signs archives: without it no backup can be made. */
import type { Finding } from "@openclaw/gateway-core";
import { toBackupError } from "../errors.js";
import type { Services } from "../jobs/services.js";

export function signingKey({ signatures }: Services): Promise<readonly [Finding]> {
  return signatures.existingId().then(
    (id) =>
      id === undefined
        ? [
            {
              severity: "info",
              message: "There is no signing key; the next start makes one.",
              fix: "If there was one, put it back into backup/keys/: other gateways know this one by it.",
            },
          ]
        : [{ severity: "ok", message: `Archives are signed by ${id}.` }],
    (error: unknown) => {
      const { message, hint } = toBackupError(error, "read the signing key");
      return [{ severity: "critical", message, ...(hint === undefined ? {} : { fix: hint }) }];
    },
  );
}
