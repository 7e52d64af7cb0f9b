/** What all channels have in common: what they take, and how a send that fails says so. */
import type { PluginHost, SecretReference } from "@openclaw/gateway-core";
import picomatch from "picomatch";
import { messageOf } from "../../system-error.js";
import type { Alert, AlertEvent, AlertKind } from "./event.js";
import type { ChannelConfig } from "./schema.js";

/** Somewhere that alerts go. */
export interface Channel {
  readonly name: string;
  readonly kind: ChannelConfig["kind"];
  wants(event: AlertEvent): boolean;
  /**
   * Sends one alert; resolves when the other side has taken it. Rejects with a {@link DeliveryError}, or with what reading
   * its secrets throws.
   *
   * @param signal Aborted when the gateway stops.
   */
  send(alert: Alert, signal: AbortSignal): Promise<void>;
  /** Shows that the channel works; nothing is said of any backup. Rejects as `send` does. */
  test(alert: Alert, signal: AbortSignal): Promise<void>;
  /** Why it cannot even be tried: a secret that is not where the config says. One clause, without any secret. */
  problem(): string | undefined;
}

/** Why an alert was not taken: one clause without any secret, neither an address's path nor what the other side said. */
export class DeliveryError extends Error {}

const DEFAULT_EVENTS: Readonly<Record<ChannelConfig["kind"], readonly AlertKind[]>> = {
  webhook: ["warning", "failure", "absence", "recovered", "damaged"],
  email: ["warning", "failure", "absence", "recovered", "damaged"],
  ping: ["start", "success", "failure", "absence", "damaged"],
};

/** Whether a channel of this config is for an event. What is the gateway's own goes to those that are for all tenants. */
export function wants({ kind, events, tenants, jobs }: ChannelConfig): (event: AlertEvent) => boolean {
  const kinds = new Set(events ?? DEFAULT_EVENTS[kind]);
  const isTenant = tenants === undefined ? undefined : picomatch([...tenants], { dot: true });
  return ({ kind, tenant, job }) =>
    kinds.has(kind) &&
    (isTenant === undefined || (tenant !== undefined && isTenant(tenant))) &&
    (jobs === undefined || job === undefined || jobs.includes(job));
}

/** Whether the secrets that a channel refers to can be read; see {@link Channel.problem}. */
export function secretProblem(
  resolveSecret: PluginHost["resolveSecret"],
  references: readonly (SecretReference | undefined)[],
): string | undefined {
  try {
    for (const reference of references) if (reference !== undefined) resolveSecret(reference);
    return undefined;
  } catch (error) {
    // The host names the variable or the file, and never what is in it.
    return messageOf(error);
  }
}

/** Whether what is sent there never leaves this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
