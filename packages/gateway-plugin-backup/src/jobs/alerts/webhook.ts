import type { Clock, PluginHost } from "@openclaw/gateway-core";
import type { AddressGuard } from "../../stores/address-guard.js";
import { secretProblem, wants, type Channel } from "./channel.js";
import { alertDocument } from "./document.js";
import type { Alert } from "./event.js";
import { post } from "./post.js";
import type { WebhookConfig } from "./schema.js";
import { signedHeaders } from "./signature.js";

/** What channels need of the host. */
export interface ChannelHost {
  readonly clock: Clock;
  readonly resolveSecret: PluginHost["resolveSecret"];
  /** Of every connection to the other side. */
  readonly guard: AddressGuard;
}

/** Signed JSON documents to a URL. */
export function webhook(config: WebhookConfig, { clock, guard, resolveSecret }: ChannelHost): Channel {
  const send = (alert: Alert, signal: AbortSignal): Promise<void> => {
    const body = JSON.stringify(alertDocument(alert));
    const seconds = Math.floor(clock.now() / 1000);
    const headers = {
      "content-type": "application/json",
      "user-agent": "openclaw-gateway",
      ...signedHeaders(resolveSecret(config.secret), alert.id, seconds, body),
    };
    return post({ url: resolveSecret(config.url), headers, body }, { ...config, guard }, signal);
  };
  return {
    name: config.name,
    kind: "webhook",
    wants: wants(config),
    send,
    test: send,
    problem: () => secretProblem(resolveSecret, [config.url, config.secret]),
  };
}
