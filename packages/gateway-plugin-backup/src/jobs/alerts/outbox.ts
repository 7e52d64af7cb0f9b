/** Sends what waits in the queue, outside of all jobs: a receiver that is down delays its own alerts and nothing else. */
import type { Clock, PluginLogger } from "@openclaw/gateway-core";
import { messageOf } from "../../system-error.js";
import type { AlertDelivery } from "../ledger/alert-deliveries.js";
import type { Ledger } from "../ledger/ledger.js";
import { DeliveryError, type Channel } from "./channel.js";

/** Between two attempts at a channel: 10 s, doubled by each failure, to an hour at most. */
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;

/** After so long an alert is no news. A receiver that was down over a long weekend gets it all. */
const GIVE_UP_MS = 4 * 24 * 3_600_000;

export interface OutboxOptions {
  readonly ledger: Pick<Ledger, "deliveries">;
  readonly clock: Clock;
  readonly log: PluginLogger;
  readonly channels: readonly Channel[];
}

export type DeliveryOutcome = "sent" | "failed" | "dropped";

export type DeliveryListener = (channel: string, outcome: DeliveryOutcome) => void;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #stopped = new AbortController();
  readonly #listeners: DeliveryListener[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** `failed`: one attempt. `dropped`: given up. */
  onOutcome(listener: DeliveryListener): void {
    this.#listeners.push(listener);
  }

  /** Sends what is due, channel by channel at once; resolves when that is done. Never rejects, and never runs twice at once. */
  send(): Promise<void> {
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  /** Cuts off what is being sent; it is sent again after the next start. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#sending;
  }

  /** Forgets what waits for channels that are not configured any more. */
  forgetOthers(): void {
    const { channels, ledger, log } = this.#options;
    const names = new Set(channels.map(({ name }) => name));
    for (const [channel, count] of ledger.deliveries.waiting()) {
      if (names.has(channel)) continue;
      log.warn(
        { channel, count },
        "Alerts wait for a channel that is not configured any more; they are dropped.",
      );
      ledger.deliveries.limit(channel, 0);
      ledger.deliveries.forget(channel);
    }
  }

  async #send(): Promise<void> {
    await Promise.all(
      this.#options.channels.map(async (channel) => {
        try {
          await this.#sendTo(channel);
        } catch (error) {
          // The ledger's; the alerts stay where they are.
          const fields = { channel: channel.name, problem: messageOf(error) };
          this.#options.log.error(fields, "Alerts could not be sent.");
        }
      }),
    );
  }

  async #sendTo(channel: Channel): Promise<void> {
    const { clock, ledger } = this.#options;
    while (!this.#stopped.signal.aborted) {
      const { failures, retryAt } = ledger.deliveries.channel(channel.name);
      const now = clock.now();
      // A clock that was set back must not keep a channel waiting for longer.
      if (retryAt > now && retryAt - now <= LONGEST_RETRY_MS) return;
      const delivery = ledger.deliveries.next(channel.name);
      if (delivery === undefined) return;
      if (now - delivery.alert.at > GIVE_UP_MS) this.#drop(channel, delivery);
      else if (!(await this.#attempt(channel, delivery, failures))) return;
    }
  }

  #drop(channel: Channel, { alert }: AlertDelivery): void {
    const { ledger, log } = this.#options;
    const { name } = channel;
    ledger.deliveries.remove(name, alert.id);
    log.error(
      { channel: name, alert: alert.id, kind: alert.kind, tenant: alert.tenant },
      "An alert was given up.",
    );
    this.#tell(name, "dropped");
  }

  async #attempt(channel: Channel, { alert }: AlertDelivery, failures: number): Promise<boolean> {
    const { clock, ledger, log } = this.#options;
    const { name } = channel;
    try {
      await channel.send(alert, this.#stopped.signal);
    } catch (error) {
      // Not the channel's fault.
      if (this.#stopped.signal.aborted) return false;
      const problem = problemOf(error);
      const at = clock.now();
      const wait = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
      ledger.deliveries.noteFailed(name, alert.id, { at, retryAt: at + wait, problem });
      log.warn({ channel: name, alert: alert.id, problem }, "A channel has not taken an alert.");
      this.#tell(name, "failed");
      return false;
    }
    ledger.deliveries.remove(name, alert.id);
    ledger.deliveries.noteSent(name, clock.now());
    this.#tell(name, "sent");
    return true;
  }

  #tell(channel: string, outcome: DeliveryOutcome): void {
    for (const listener of this.#listeners) listener(channel, outcome);
  }
}

/** Without a secret: what a library says may hold one. */
export function problemOf(error: unknown): string {
  if (error instanceof DeliveryError || isConfigError(error)) return error.message;
  return "it failed in an unexpected way";
}

/** The host names the variable or the file, and never what is in it. */
function isConfigError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === "CONFIG_INVALID";
}
