/** A state directory that no gateway uses, to be restored into. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { StateRestores } from "@openclaw/gateway-core";
import { backupConfig, type BackupConfig } from "../config.js";
import { restoreGateway } from "../jobs/gateway-restore/restore-gateway.js";
import type {
  GatewayRestoreOptions,
  GatewayRestoreRequest,
  GatewayRestoreResult,
  RestoredGateway,
} from "../jobs/gateway-restore/types.js";
import { FakeTime } from "./fake-time.js";

export interface RestoreBenchOptions {
  readonly config?: Partial<BackupConfig>;
  /** Where the workspace lies by the config of a restored state. Default: where it lies here. */
  readonly wanted?: string;
  /** Below the bench's directory. Default: none. */
  readonly workspace?: string;
}

export class GatewayRestoreBench {
  readonly directory: string;
  readonly root: string;
  readonly workspace: string | undefined;
  readonly time = new FakeTime();
  readonly restores: StateRestores;
  readonly gateway: RestoredGateway;

  constructor(parent: string, options: RestoreBenchOptions = {}) {
    this.directory = mkdtempSync(join(parent, "bench-"));
    this.root = join(this.directory, "state");
    this.workspace = options.workspace && join(this.directory, options.workspace);
    mkdirSync(this.root, { recursive: true, mode: 0o700 });
    if (this.workspace !== undefined) mkdirSync(this.workspace, { recursive: true, mode: 0o700 });
    this.restores = new StateRestores(this.root);
    this.gateway = {
      root: this.root,
      workspace: this.workspace,
      privateKeys: [join(this.root, "backup/keys/signing-key.pem"), join(this.root, "tls.key")],
      config: { ...backupConfig(undefined), ...options.config },
      env: {},
      clock: this.time,
      restores: this.restores,
      resolveSecret: String,
      workspaceIn: () => Promise.resolve(options.wanted ?? this.workspace),
    };
  }

  restore(
    request: GatewayRestoreRequest,
    options: Partial<GatewayRestoreOptions> = {},
  ): Promise<GatewayRestoreResult> {
    return this.with({}).restore(request, options);
  }

  /** The same with another gateway in its place. */
  with(changes: Partial<RestoredGateway>): Pick<GatewayRestoreBench, "restore"> {
    const { signal } = new AbortController();
    return {
      restore: (request, options) =>
        restoreGateway({ ...this.gateway, ...changes }, request, {
          ...{ signal, onProgress: () => undefined },
          ...options,
        }),
    };
  }

  /** Writes files below the bench's directory; gives the first's place. */
  files(entries: Readonly<Record<string, string | Buffer>>): string {
    for (const [path, content] of Object.entries(entries)) {
      mkdirSync(dirname(join(this.directory, path)), { recursive: true });
      writeFileSync(join(this.directory, path), content);
    }
    return join(this.directory, Object.keys(entries)[0] ?? "");
  }
}
