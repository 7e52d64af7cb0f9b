/** Time that passes is injected, as the clock is, so that tests need not sleep. */

/** Calls back once after `delayMs`; the returned function calls it off. */
export type Timer = (delayMs: number, callback: () => void) => () => void;

/** The process's own timer. It does not keep the process alive. */
export const systemTimer: Timer = (delayMs, callback) => {
  const timeout = setTimeout(callback, delayMs);
  timeout.unref();
  return () => clearTimeout(timeout);
};
