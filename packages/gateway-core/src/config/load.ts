import { readFile } from "node:fs/promises";
import JSON5 from "json5";
import { GatewayError } from "../errors.js";
import type { GatewayPlugin } from "../plugin/host.js";
import { faultText, schemaCheck } from "../schema/check.js";
import { writeFileAtomic } from "../state/atomic-write.js";
import { errorText, isSystemError } from "../system-error.js";
import { configSchema, type Config } from "./schema.js";

export interface LoadConfigOptions {
  /** Path of `openclaw.json`. Written with defaults, mode 0600, when it does not exist. */
  readonly file: string;
  /** Their names are the keys allowed under `plugins`; their schemas check the sections. */
  readonly plugins: readonly Pick<GatewayPlugin, "name" | "configSchema">[];
}

const DEFAULTS = { gateway: { bind: "127.0.0.1", port: 18_789 }, plugins: {} };

/** What is written where there is no config. */
export const DEFAULT_CONFIG_TEXT = `${JSON.stringify(DEFAULTS, undefined, 2)}\n`;

/**
 * Reads and checks the config. Throws `CONFIG_INVALID` with the file, the path of the first key that is unknown or out
 * of range, and what is allowed there.
 */
export async function loadConfig(options: LoadConfigOptions): Promise<Config> {
  const config = await readConfig(options);
  if (config !== undefined) return config;
  await writeFileAtomic(options.file, DEFAULT_CONFIG_TEXT);
  return parseConfig(DEFAULT_CONFIG_TEXT, options);
}

/** As {@link loadConfig}, and writes nothing. Undefined: there is no file. */
export async function readConfig(options: LoadConfigOptions): Promise<Config | undefined> {
  const text = await readConfigText(options.file);
  return text === undefined ? undefined : parseConfig(text, options);
}

/** Undefined: there is no file. Throws `CONFIG_INVALID` when it cannot be read. */
export async function readConfigText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw invalid(`${file} cannot be read: ${errorText(error)}`);
  }
}

/** Checks what stands in a config. Throws as {@link loadConfig} does. */
export function parseConfig(text: string, { file, plugins }: LoadConfigOptions): Config {
  const complete = withSections(parsed(text, file), plugins);
  const checked = schemaCheck(configSchema(plugins))(complete);
  if (!checked.ok) {
    throw invalid(`${file}: ${faultText(checked.fault, "the config")}`, { key: checked.fault.path });
  }
  return { file, gateway: checked.value.gateway, plugins: checked.value.plugins };
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON5.parse(text);
  } catch (error) {
    throw invalid(`${file} is not JSON5: ${errorText(error)}`);
  }
}

/** Sections that are left out are empty ones, so that each schema can fill in its defaults. */
function withSections(raw: unknown, plugins: LoadConfigOptions["plugins"]): unknown {
  if (!isRecord(raw)) return raw;
  const sections = raw["plugins"] ?? {};
  if (!isRecord(sections)) return { gateway: {}, ...raw };
  const empty = Object.fromEntries(plugins.map((plugin) => [plugin.name, {}]));
  return { gateway: {}, ...raw, plugins: { ...empty, ...sections } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string, details?: Record<string, unknown>): GatewayError {
  return new GatewayError("CONFIG_INVALID", message, {
    hint: "Correct the file and start again.",
    ...(details === undefined ? {} : { details }),
  });
}
