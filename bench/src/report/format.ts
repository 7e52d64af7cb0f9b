/** Figures as the report prints them. */
import type { Metric } from "../results/results.js";

export interface MetricView {
  readonly title: string;
  readonly format: (value: number) => string;
}

export const METRICS: Readonly<Record<Metric, MetricView>> = {
  ms: { title: "time", format: formatSeconds },
  peakBytes: { title: "peak memory", format: formatBytes },
  sentBytes: { title: "sent", format: formatBytes },
  receivedBytes: { title: "received", format: formatBytes },
  requests: { title: "requests", format: formatCount },
  storedBytes: { title: "stored", format: formatBytes },
  changedBytes: { title: "truly changed", format: formatBytes },
  changedCompressedBytes: { title: "the same, zstd -3", format: formatBytes },
  p50: { title: "p50", format: formatMilliseconds },
  p99: { title: "p99", format: formatMilliseconds },
  worst: { title: "worst", format: formatMilliseconds },
  perMinute: { title: "jobs a minute", format: formatCount },
  overtaken: { title: "jobs out of order", format: formatCount },
  differences: { title: "differences", format: formatCount },
  failed: { title: "failed", format: formatCount },
};

export function formatSeconds(ms: number): string {
  if (ms < 100) return formatMilliseconds(ms);
  const seconds = ms / 1000;
  return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
}

export function formatMilliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}

/** Decimal units, three digits. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value.toFixed(0) : value.toPrecision(value >= 999.5 ? 4 : 3)} ${units[power] ?? ""}`;
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

export function formatRatio(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}
