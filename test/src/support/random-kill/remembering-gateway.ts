/**
 * A gateway with the backup plugin, and a plugin that holds the memory of every tenant open and commits to it all the
 * time, as a memory plugin does. Each row says in which generation of the tenant's files it was written.
 */
import Database from "better-sqlite3";
import { createGateway } from "@openclaw/gateway-core";
import type { GatewayPlugin, PluginHost } from "@openclaw/gateway-core";
import { backupPlugin } from "@openclaw/gateway-plugin-backup";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { env, stdout } from "node:process";
import { Type } from "@openclaw/schema";
import { MEMORY, readGeneration } from "./tenant-content.js";

const COMMIT_INTERVAL_MS = 40;

class Memories {
  readonly #host: PluginHost;
  readonly #open = new Map<string, Database.Database>();
  readonly #suspended = new Set<string>();

  constructor(host: PluginHost) {
    this.#host = host;
    host.hooks.on("tenantSuspended", ({ tenant }) => {
      this.#suspended.add(tenant);
      this.#close(tenant);
    });
    host.hooks.on("tenantResumed", ({ tenant }) => void this.#suspended.delete(tenant));
  }

  commitToEach(): void {
    for (const { id } of this.#host.tenants.list()) {
      const directory = this.#host.tenants.directory(id);
      if (this.#suspended.has(id) || !existsSync(join(directory, MEMORY))) continue;
      this.#database(id, directory)
        .prepare("INSERT INTO commits (generation, filler) VALUES (?, zeroblob(300))")
        .run(readGeneration(directory));
    }
  }

  closeAll(): void {
    for (const tenant of this.#open.keys()) this.#close(tenant);
  }

  #database(tenant: string, directory: string): Database.Database {
    const open = this.#open.get(tenant) ?? new Database(join(directory, MEMORY), { fileMustExist: true });
    this.#open.set(tenant, open);
    return open;
  }

  #close(tenant: string): void {
    this.#open.get(tenant)?.close();
    this.#open.delete(tenant);
  }
}

function memoryPlugin(): GatewayPlugin {
  return {
    name: "memory",
    version: "1.0.0",
    configSchema: Type.Object({}, { additionalProperties: false }),
    setup(host) {
      const memories = new Memories(host);
      const timer = setInterval(() => memories.commitToEach(), COMMIT_INTERVAL_MS);
      host.addShutdown({
        drain: () => Promise.resolve(),
        stop: () => {
          clearInterval(timer);
          memories.closeAll();
          return Promise.resolve();
        },
      });
      return Promise.resolve();
    },
  };
}

const gateway = await createGateway({
  stateDir: env["OPENCLAW_STATE_DIR"] ?? "",
  env,
  plugins: [backupPlugin(), memoryPlugin()],
  port: Number(env["OPENCLAW_TEST_PORT"]),
});
const { url } = await gateway.listen();
stdout.write(`gateway at ${url}\n`);
process.once("SIGTERM", () => void gateway.close());
