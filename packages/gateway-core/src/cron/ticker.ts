import { schedule } from "node-cron";

/** Calls back about once a second until the returned function is called. The tick never rejects. */
export type Ticker = (tick: () => Promise<void>) => () => void;

/**
 * node-cron's. Only its beat is used: its own rules leave out a time that clocks skip. A beat that comes late, or not at
 * all, does no harm: each one looks at what is due by the clock.
 */
export const systemTicker: Ticker = (tick) => {
  const task = schedule("* * * * * *", () => void tick(), { suppressMissedWarning: true, unref: true });
  return () => void task.destroy();
};
