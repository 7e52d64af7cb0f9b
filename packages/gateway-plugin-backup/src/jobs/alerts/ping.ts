import { secretProblem, wants, type Channel } from "./channel.js";
import { alertText } from "./document.js";
import type { Alert } from "./event.js";
import { post } from "./post.js";
import type { PingConfig } from "./schema.js";
import type { ChannelHost } from "./webhook.js";

/** Healthchecks keeps 100 kB of a body; https://healthchecks.io/docs/attaching_logs/ */
const MOST_CHARACTERS = 10_000;

/** What each kind adds to the URL; https://healthchecks.io/docs/http_api/. The rest only leaves a line in its log. */
const PATHS: Readonly<Partial<Record<Alert["kind"], string>>> = {
  start: "/start",
  success: "",
  recovered: "",
  failure: "/fail",
  absence: "/fail",
  damaged: "/fail",
};

/** Pings in the manner of healthchecks: `URL/start`, `URL`, `URL/fail`. The URL is a secret. */
export function ping(config: PingConfig, { guard, resolveSecret }: ChannelHost): Channel {
  const to = (path: string, alert: Alert, signal: AbortSignal): Promise<void> => {
    const tenant = alert.tenant ?? "gateway";
    const url = resolveSecret(config.url).replaceAll("{tenant}", tenant).replace(/\/+$/, "");
    const headers = { "content-type": "text/plain; charset=utf-8", "user-agent": "openclaw-gateway" };
    return post(
      { url: `${url}${path}`, headers, body: alertText(alert).slice(0, MOST_CHARACTERS) },
      { ...config, guard },
      signal,
    );
  };
  return {
    name: config.name,
    kind: "ping",
    wants: wants(config),
    send: (alert, signal) => to(PATHS[alert.kind] ?? "/log", alert, signal),
    // A success that was none would hide a failure.
    test: (alert, signal) => to("/log", alert, signal),
    problem: () => secretProblem(resolveSecret, [config.url]),
  };
}
