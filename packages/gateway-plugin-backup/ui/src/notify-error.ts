import { ApiError, type UiHost } from "@openclaw/ui-kit";

/** Tells what kept something from being done. */
export function notifyError(host: UiHost, error: unknown): void {
  const { message, hint } = error instanceof ApiError ? error : { message: String(error), hint: undefined };
  host.notify({ kind: "error", text: message, ...(hint === undefined ? {} : { hint }) });
}
