import type { PluginLogger } from "../plugin/host.js";
import { errorText } from "../system-error.js";
import type { Ticker } from "./ticker.js";

type Tick = () => Promise<void>;

/** A ticker that also calls `others` at each tick: none of them again while it has not ended. */
export function beatFor(ticker: Ticker, others: readonly Tick[], log: PluginLogger): Ticker {
  const running = new Map<Tick, Promise<void>>();
  const run = (tick: Tick): Promise<void> => {
    const before = running.get(tick);
    if (before !== undefined) return before;
    const now = tick()
      .catch((error: unknown) => log.error({ error: errorText(error) }, "a plugin's tick failed"))
      .finally(() => running.delete(tick));
    running.set(tick, now);
    return now;
  };
  return (first) =>
    ticker(async () => {
      await Promise.all([first(), ...others.map(run)]);
    });
}
