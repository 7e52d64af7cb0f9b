/** What scenarios say of their settings. */
import type { BenchOptions } from "../options.js";
import { formatBytes, formatCount } from "../report/format.js";

export function describeTenant({ bytes, files, rounds }: BenchOptions): string {
  return `tenant of ${formatBytes(bytes)} in ${formatCount(files)} files, ${rounds} ${rounds === 1 ? "round" : "rounds"}`;
}
