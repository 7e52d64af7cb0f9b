import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { GatewayError } from "../errors.js";
import type { DoctorCheck } from "../plugin/host.js";
import { keepAside } from "../state/keep-aside.js";
import { acquireStateLock, type StateLock } from "../state/lock.js";
import { errorText, isSystemError } from "../system-error.js";

/** `held`: by a gateway, or an offline command. `broken`: the file is no lock, so nobody can hold it. */
export type LockState = "free" | "held" | "broken" | "unusable";

/** The state lock, as a doctor meets it. */
export class OfflineLock {
  readonly #file: string;
  #lock: StateLock | undefined;
  #state: LockState;
  #problem = "";

  /** @param changes Whether a file that is not there may be made. */
  constructor(file: string, changes: boolean) {
    this.#file = file;
    this.#state = changes || existsSync(file) ? this.#take() : "free";
  }

  get state(): LockState {
    return this.#state;
  }

  release(): void {
    this.#lock?.release();
  }

  check(): DoctorCheck {
    return {
      name: "lock",
      run: () => {
        if (this.#state === "free")
          return Promise.resolve([{ severity: "ok", message: "No gateway uses this state directory." }]);
        const message = `No gateway can start: ${this.#problem}`;
        if (this.#state === "unusable") {
          const fix = `Make ${this.#file} a file of the gateway's user, in a directory that it can write to.`;
          return Promise.resolve([{ severity: "critical", message, fix }]);
        }
        const fix = `\`openclaw doctor --yes\` keeps it as ${this.#file}.bak and makes a new one; nothing stands in it that counts.`;
        return Promise.resolve([{ severity: "critical", message, fix, repair: () => this.#renew() }]);
      },
    };
  }

  #take(): LockState {
    try {
      this.#lock = acquireStateLock(this.#file);
      return "free";
    } catch (error) {
      this.#problem = errorText(error);
      if (error instanceof GatewayError && error.code === "STATE_LOCKED") return "held";
      // SQLite looks for locks before it looks at what the file holds: nobody holds this one.
      return error instanceof Error && isSystemError(error.cause, "SQLITE_NOTADB") ? "broken" : "unusable";
    }
  }

  async #renew(): Promise<string> {
    const kept = await keepAside(this.#file);
    await rm(this.#file);
    this.#state = this.#take();
    if (this.#state !== "free") throw new Error(this.#problem);
    return `What stood in the lock's place is kept as ${kept}.`;
  }
}
