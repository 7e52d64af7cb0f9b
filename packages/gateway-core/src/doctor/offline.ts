/**
 * The doctor of a gateway that is down: it looks at the state directory itself, with the same checks, over parts that
 * change nothing. Repairs are made under the state lock, so that no gateway starts meanwhile.
 */
import { stat } from "node:fs/promises";
import { auditFilesCheck } from "../audit/doctor-files.js";
import { DEFAULT_CONFIG_TEXT, parseConfig, readConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { secretResolver } from "../config/secrets.js";
import { Cron } from "../cron/cron.js";
import { cronDirectories, scheduleCheck, type DamagedFile } from "../cron/doctor.js";
import { createLogger } from "../http/logger.js";
import { createMetrics } from "../http/metrics.js";
import { isCodedError } from "../errors.js";
import { Contributions } from "../plugin/contributions.js";
import { Hooks } from "../plugin/hook-bus.js";
import type { Clock, DoctorCheck, GatewayPlugin } from "../plugin/host.js";
import { pluginHost, type HostParts } from "../plugin/plugin-host.js";
import { defaultStateDirectory, gatewayPaths, type GatewayPaths } from "../state/directory.js";
import { pathsInConfig } from "../state/paths-in-config.js";
import { StateRestores } from "../state/restore/state-restores.js";
import { errorText, isSystemError } from "../system-error.js";
import { Tenants } from "../tenants/tenants.js";
import { configCheck } from "./config-check.js";
import { coreDoctorChecks } from "./core-checks.js";
import { leftoversCheck } from "./leftovers-check.js";
import { OfflineLock } from "./offline-lock.js";
import { permissionsCheck } from "./permissions-check.js";
import { repairAll, runDoctor, type RepairReport } from "./run.js";
import { startChecks } from "./start-checks.js";

export interface OfflineDoctorOptions {
  readonly plugins: readonly GatewayPlugin[];
  /** Default: `OPENCLAW_STATE_DIR` of `env`, else `~/.openclaw`. */
  readonly stateDir?: string;
  /** Default: the process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  /** Repair what can be repaired without losing anything. Default: change nothing. */
  readonly repair?: boolean;
}

export interface OfflineReport extends RepairReport {
  readonly stateDir: string;
}

type Inspected = Required<Pick<OfflineDoctorOptions, "plugins" | "env" | "clock">> & {
  readonly paths: GatewayPaths;
};

/** Looks at a state directory that no gateway serves, and repairs it if that is asked for. Never rejects for what it finds. */
export async function doctorOffline(options: OfflineDoctorOptions): Promise<OfflineReport> {
  const { plugins, env = process.env, clock = { now: () => Date.now() }, repair = false } = options;
  const paths = gatewayPaths(options.stateDir ?? defaultStateDirectory(env));
  const stateDir = paths.root;
  if (!(await isDirectory(stateDir)))
    return { stateDir, ...(await runDoctor([missing(stateDir)])), repairs: [] };
  const lock = new OfflineLock(paths.lock, repair);
  let inspection: Inspection | undefined;
  const look = async (): Promise<readonly DoctorCheck[]> => {
    await inspection?.close();
    inspection = await inspect({ plugins, env, clock, paths }, lock);
    return inspection.checks;
  };
  try {
    if (lock.state === "held") {
      const file = paths.config;
      const check = configCheck({ file, plugins, env, isGatewaysEnv: false });
      const { config } = await configOf({ file, plugins });
      const named = { ...paths, ...pathsInConfig(env, config.gateway, stateDir) };
      return {
        stateDir,
        ...(await runDoctor([
          silent(stateDir),
          withoutRepairs(check),
          withoutRepairs(permissionsCheck(named)),
        ])),
        repairs: [],
      };
    }
    const restore = await cutOffRestore(stateDir);
    if (restore !== undefined) return { stateDir, ...(await runDoctor([restore])), repairs: [] };
    const report = repair ? await repairAll(look) : { ...(await runDoctor(await look())), repairs: [] };
    return { stateDir, ...report };
  } finally {
    await inspection?.close();
    lock.release();
  }
}

interface Inspection {
  readonly checks: readonly DoctorCheck[];
  close(): Promise<void>;
}

async function inspect(
  { plugins, env, clock, paths: ofState }: Inspected,
  lock: OfflineLock,
): Promise<Inspection> {
  const { config, isValid } = await configOf({ file: ofState.config, plugins });
  const paths = { ...ofState, ...pathsInConfig(env, config.gateway, ofState.root) };
  const log = createLogger("silent");
  const hooks = new Hooks();
  const tenants = new Tenants({ paths, hooks, clock, log, notesNothing: true });
  await tenants.load();
  const contributions = new Contributions();
  const damaged: DamagedFile[] = [];
  const cron = new Cron({
    ...{ paths, tenants, hooks, clock, log },
    jobTypes: contributions.jobTypes,
    ticker: () => () => undefined,
    random: Math.random,
    onDamaged: (file, problem) => damaged.push({ file, problem }),
  });
  await cron.inspect();
  const resolveSecret = secretResolver(env, paths.root);
  const host: HostParts = {
    ...{ paths, log, clock, tenants, hooks, contributions, resolveSecret, env },
    metrics: createMetrics(),
    schedules: cron,
    audit: { record: () => undefined },
    checkUp: () => Promise.reject(new Error("No gateway runs")),
    replacedState: { forget: () => Promise.reject(new Error("No gateway runs")) },
  };
  const core = [
    lock.check(),
    ...coreDoctorChecks({ paths, tenants, clock, config: { plugins, env, isGatewaysEnv: false } }),
    leftoversCheck(paths, tenants.disk),
    ...(isValid ? startChecks({ config, root: paths.root, env, clock, resolveSecret }) : []),
    auditFilesCheck(paths.audit),
    scheduleCheck(cron, cronDirectories(paths), damaged),
  ];
  const closers = await Promise.all(
    plugins.map((plugin) => inspectPlugin(plugin, host, config.plugins[plugin.name], isValid)),
  );
  return {
    checks: [...core, ...contributions.doctorChecks.values()],
    close: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

async function inspectPlugin(
  plugin: GatewayPlugin,
  host: HostParts,
  config: unknown,
  isConfigValid: boolean,
): Promise<() => Promise<void>> {
  try {
    const close = await plugin.inspect?.(pluginHost(plugin, host), config, { isConfigValid });
    return close ?? nothingToClose;
  } catch (error) {
    const fix =
      (isCodedError(error) ? error.hint : undefined) ?? `Correct plugins.${plugin.name} in openclaw.json.`;
    const message = `Plugin ${plugin.name} cannot be looked at: ${errorText(error)}`;
    host.contributions.addDoctorCheck({
      name: plugin.name,
      run: () => Promise.resolve([{ severity: "critical", message, fix }]),
    });
    return nothingToClose;
  }
}

const nothingToClose = (): Promise<void> => Promise.resolve();

/** The config that the next start would have: what it would not accept counts as the defaults. */
async function configOf(options: {
  readonly file: string;
  readonly plugins: readonly GatewayPlugin[];
}): Promise<{ readonly config: Config; readonly isValid: boolean }> {
  try {
    const config = await readConfig(options);
    return { config: config ?? parseConfig(DEFAULT_CONFIG_TEXT, options), isValid: true };
  } catch {
    return { config: parseConfig(DEFAULT_CONFIG_TEXT, options), isValid: false };
  }
}

function missing(stateDir: string): DoctorCheck {
  return {
    name: "state-directory",
    run: () =>
      Promise.resolve([
        {
          severity: "critical",
          message: `There is no state directory at ${stateDir}.`,
          fix: "Set OPENCLAW_STATE_DIR to where it is. `openclaw gateway run` makes a new one, with no tenant in it.",
        },
      ]),
  };
}

function silent(stateDir: string): DoctorCheck {
  return {
    name: "gateway",
    run: () =>
      Promise.resolve([
        {
          severity: "critical",
          message: `A gateway, or an offline command, uses ${stateDir}, and did not answer here. Nothing was repaired.`,
          fix: "Set OPENCLAW_GATEWAY_URL to where the gateway listens (`gateway.port` in openclaw.json). If it hangs, stop it, and run `openclaw doctor` again.",
        },
      ]),
  };
}

/** Parts of it may still be the old ones: nothing else can be told, or repaired. */
async function cutOffRestore(stateDir: string): Promise<DoctorCheck | undefined> {
  let reason = "";
  try {
    if (!(await new StateRestores(stateDir).isUnsettled())) return undefined;
  } catch (error) {
    reason = ` (${errorText(error)})`;
  }
  return {
    name: "gateway-restore",
    run: () =>
      Promise.resolve([
        {
          severity: "critical",
          message: `A restore of ${stateDir} was cut off${reason}. Nothing else was looked at, and nothing repaired.`,
          fix: "Start the gateway (`openclaw gateway run`): it settles that before it does anything else. Then run `openclaw doctor` again.",
        },
      ]),
  };
}

/** What another process uses is left alone. */
function withoutRepairs(check: DoctorCheck): DoctorCheck {
  return {
    name: check.name,
    run: async () => (await check.run()).map(({ repair, ...finding }) => finding),
  };
}

async function isDirectory(directory: string): Promise<boolean> {
  try {
    return (await stat(directory)).isDirectory();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}
