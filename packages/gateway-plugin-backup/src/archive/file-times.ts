/**
 * Modification times for `fs.futimesSync`, which takes seconds as a double. A double of today's date is a multiple of
 * 238 ns, and libuv 1.46 (Node 20) cuts what it gets to whole microseconds, towards zero. With the smallest double that
 * is not below the wanted time, a restored mtime is less than a microsecond from the archived one, and a time of whole
 * microseconds is restored exactly.
 */
const NS_PER_SECOND = 1_000_000_000n;
/** Seconds to the year 36812: far beyond what file systems hold, well inside a 64-bit `time_t` and a double's integers. */
const SECONDS_MAX = 2 ** 40;

/** A restored time is less than this many nanoseconds from the archived one. */
export const RESTORED_WITHIN_NS = 1000;

const double = new DataView(new ArrayBuffer(8));

/**
 * The argument for `utimes` and its like. Negative times (before 1970) go as text, because Node takes a negative number
 * for "now".
 */
export function utimesArgument(mtimeNs: bigint): number | string {
  let seconds = Number(mtimeNs / NS_PER_SECOND) + Number(mtimeNs % NS_PER_SECOND) / 1e9;
  if (seconds > SECONDS_MAX) return SECONDS_MAX;
  if (seconds < -SECONDS_MAX) return String(-SECONDS_MAX);
  while (asTimespec(seconds) < mtimeNs) seconds = nextUp(seconds);
  return seconds < 0 ? String(seconds) : seconds;
}

/** Nanoseconds that libuv makes of a double (uv__fs_to_timespec), before it cuts them to microseconds. */
function asTimespec(seconds: number): bigint {
  const whole = Math.trunc(seconds);
  return BigInt(whole) * NS_PER_SECOND + BigInt(Math.trunc((seconds - whole) * 1e9));
}

/** The next larger double of one that is not 0; doubles of one sign are ordered like their bits. */
function nextUp(value: number): number {
  double.setFloat64(0, value);
  double.setBigInt64(0, double.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return double.getFloat64(0);
}
