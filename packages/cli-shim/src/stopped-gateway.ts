/** The state directory of a gateway that does not run, held by this process. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type * as GatewayCore from "@openclaw/gateway-core";
import type { LockedState } from "@openclaw/gateway-core";
import type * as BackupPlugin from "@openclaw/gateway-plugin-backup";
import type { RestoredGateway } from "@openclaw/gateway-plugin-backup";
import type { Context } from "./context.js";

type Core = typeof GatewayCore;
type Plugin = typeof BackupPlugin;

export interface StoppedGateway {
  readonly gateway: RestoredGateway;
  readonly restores: LockedState["restores"];
  readonly plugin: Plugin;
}

/**
 * Takes the state lock, settles a restore that was cut off, reads the config as far as there is one, and runs `work`. Throws
 * `STATE_LOCKED` while a gateway runs, and `RESTORE_UNSETTLED`.
 *
 * @param mayWrite False: not even a state directory is made, and nothing is settled.
 */
export async function withStoppedGateway<T>(
  context: Context,
  { mayWrite }: { readonly mayWrite: boolean },
  work: (stopped: StoppedGateway) => Promise<T>,
): Promise<T> {
  // Loaded here: no other command needs the native modules.
  const [core, plugin] = await Promise.all([
    import("@openclaw/gateway-core"),
    import("@openclaw/gateway-plugin-backup"),
  ]);
  const root = core.defaultStateDirectory(context.env);
  const state = mayWrite ? await core.lockState(root) : await core.lockStateToRead(root);
  try {
    if (state.settled !== undefined) {
      const { kind, outcome } = state.settled;
      context.output.note(`a ${kind} that was cut off is settled: the ${outcome} state stands`);
    }
    return await work({
      gateway: await stoppedGateway(context, core, plugin, state),
      restores: state.restores,
      plugin,
    });
  } finally {
    state.release();
  }
}

async function stoppedGateway(
  context: Context,
  core: Core,
  plugin: Plugin,
  { paths, restores }: LockedState,
): Promise<RestoredGateway> {
  const { env, clock } = context;
  const configIn = async (file: string) => {
    // It would be written with defaults.
    if (!existsSync(file)) return undefined;
    return core.loadConfig({ file, plugins: [plugin.backupPlugin()] });
  };
  const config = await configIn(paths.config).catch((error: unknown) => {
    // What is to be replaced may be the reason for it.
    const reason = error instanceof Error ? error.message : String(error);
    context.output.note(`warning: the config that is there is not used: ${reason}`);
    return undefined;
  });
  const workspaceOf = (configured: { readonly workspaceDir?: string } | undefined) =>
    core.workspaceVolume(env, configured ?? {}, paths.root);
  return {
    root: paths.root,
    workspace: workspaceOf(config?.gateway),
    privateKeys: [
      plugin.signingKeyFile(paths.backup),
      ...(config?.gateway.tls === undefined ? [] : [resolve(paths.root, config.gateway.tls.key)]),
    ],
    config: plugin.backupConfig(config?.plugins["backup"]),
    ...{ env, clock, restores },
    resolveSecret: core.secretResolver(env, paths.root),
    workspaceIn: async (staged) => {
      const restored = await configIn(join(staged, "openclaw.json")).catch(() => undefined);
      return workspaceOf(restored?.gateway);
    },
  };
}
