import type { PluginLogger } from "@openclaw/gateway-core";

/** A log that keeps its lines for a test to look at. */
export class MemoryLog implements PluginLogger {
  readonly lines: {
    readonly level: keyof PluginLogger;
    readonly fields: object;
    readonly message: string;
  }[] = [];

  debug = (fields: object, message: string): void =>
    void this.lines.push({ level: "debug", fields, message });
  info = (fields: object, message: string): void => void this.lines.push({ level: "info", fields, message });
  warn = (fields: object, message: string): void => void this.lines.push({ level: "warn", fields, message });
  error = (fields: object, message: string): void =>
    void this.lines.push({ level: "error", fields, message });
}
