/** Whether the next start can read its config, and what the config refers to. */
import { accessSync, constants } from "node:fs";
import path from "node:path";
import JSON5 from "json5";
import { DEFAULT_CONFIG_TEXT, parseConfig, readConfigText, type LoadConfigOptions } from "../config/load.js";
import type { DoctorCheck, Finding } from "../plugin/host.js";
import { writeFileAtomic } from "../state/atomic-write.js";
import { keepAside } from "../state/keep-aside.js";
import { errorText } from "../system-error.js";

export interface ConfigCheckOptions extends LoadConfigOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The environment is the gateway's own: what is missing there is missing. */
  readonly isGatewaysEnv: boolean;
}

export function configCheck(options: ConfigCheckOptions): DoctorCheck {
  return { name: "config", run: () => checkConfig(options) };
}

async function checkConfig(options: ConfigCheckOptions): Promise<readonly Finding[]> {
  const { file } = options;
  let text: string | undefined;
  try {
    text = await readConfigText(file);
  } catch (error) {
    const fix = `Make ${file} a file that the gateway's user can read.`;
    return [{ severity: "critical", message: errorText(error), fix }];
  }
  if (text === undefined) {
    const fix = `Put the config there, if there was one; see "Config" in README.md.`;
    return [{ severity: "info", message: `There is no ${file}: the next start writes the defaults.`, fix }];
  }
  try {
    parseConfig(text, options);
  } catch (error) {
    return [
      {
        severity: "critical",
        message: `The gateway cannot start with its config: ${errorText(error)}`,
        fix: `Correct the file. Or run \`openclaw doctor --yes\`: it keeps the file as ${path.basename(file)}.bak and writes the defaults, which know no destination, no local root and no channel.`,
        repair: () => regenerate(file),
      },
    ];
  }
  const missing = missingSecrets(text, options);
  if (missing.length > 0) return missing;
  return [{ severity: "ok", message: `${file} is valid.` }];
}

async function regenerate(file: string): Promise<string> {
  const kept = await keepAside(file);
  await writeFileAtomic(file, DEFAULT_CONFIG_TEXT);
  return `The config is kept as ${kept}, and ${file} has the defaults; take over from there what is to count, and restart the gateway.`;
}

interface Reference {
  /** Where it stands: `plugins.backup.destinations.offsite.secretAccessKey`. */
  readonly key: string;
  readonly kind: "env" | "file";
  readonly name: string;
}

function missingSecrets(text: string, { file, env, isGatewaysEnv }: ConfigCheckOptions): readonly Finding[] {
  // A token from the environment goes before the config's.
  const references = referencesIn(JSON5.parse(text), "").filter(({ key }) => key !== "gateway.token");
  return references.flatMap(({ key, kind, name }): readonly Finding[] => {
    if (kind === "env") {
      if ((env[name] ?? "") !== "") return [];
      const message = isGatewaysEnv
        ? `${key} refers to the environment variable ${name}, which the gateway has not.`
        : `${key} refers to the environment variable ${name}, which is not set here; the gateway may have it.`;
      const severity = isGatewaysEnv ? "warning" : "info";
      return [
        { severity, message, fix: `Set ${name} in the gateway's environment, or change the reference.` },
      ];
    }
    const secret = path.resolve(path.dirname(file), name);
    try {
      accessSync(secret, constants.R_OK);
      return [];
    } catch (error) {
      const message = `${key} refers to the file ${secret}, which cannot be read: ${errorText(error)}`;
      return [{ severity: "warning", message, fix: "Put the secret there, or change the reference." }];
    }
  });
}

/** Every `{ env: NAME }` and `{ file: PATH }`: nothing else in a config has this shape. */
function referencesIn(value: unknown, key: string): readonly Reference[] {
  if (typeof value !== "object" || value === null) return [];
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && typeof only[1] === "string") {
    const [kind, name] = only;
    if (kind === "env" || kind === "file") return [{ key, kind, name }];
  }
  return entries.flatMap(([name, child]) => referencesIn(child, key === "" ? name : `${key}.${name}`));
}
