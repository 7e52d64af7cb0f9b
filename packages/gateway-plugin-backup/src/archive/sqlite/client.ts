import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BackupError } from "../../errors.js";
import type { CopyAnswer, HelperCall, HelperReply, HelperRequest, Verdict } from "./protocol.js";

const helperPath = fileURLToPath(new URL("./helper.js", import.meta.url));

interface PendingCall {
  resolve(answer: HelperReply["answer"]): void;
  reject(error: Error): void;
}

/** The helper process of one job: started with the first call, ended by {@link stop}. */
export class SqliteHelper {
  readonly #directory: string;
  readonly #subject: string;
  readonly #pending = new Map<number, PendingCall>();
  #child: ChildProcess | undefined;
  #calls = 0;
  #stopped = false;

  /**
   * @param directory The tenant's directory, absolute.
   * @param subject The tenant, as it begins a message: `Tenant acme`.
   */
  constructor(directory: string, subject: string) {
    this.#directory = directory;
    this.#subject = subject;
  }

  /** Rejects with JOB_THREAD_FAILED when the process is not there any more. */
  call(call: HelperCall): Promise<readonly Verdict[] | CopyAnswer> {
    return new Promise((resolve, reject) => {
      const id = this.#calls++;
      this.#pending.set(id, { resolve, reject });
      const request: HelperRequest = { ...call, id };
      this.#start().send(request, (error) => {
        if (error !== null) this.#fail(error.message);
      });
    });
  }

  /** Ends the process at once, whatever it does. Databases it has open are safe: it dies as any reader may. */
  stop(): void {
    this.#stopped = true;
    this.#child?.kill("SIGKILL");
    this.#fail("the job has ended");
  }

  #start(): ChildProcess {
    if (this.#stopped) throw this.#ended("the job has ended");
    if (this.#child !== undefined) return this.#child;
    const child = fork(helperPath, [this.#directory], {
      env: {},
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    child.on("message", (reply: HelperReply) => {
      this.#pending.get(reply.id)?.resolve(reply.answer);
      this.#pending.delete(reply.id);
    });
    child.on("error", (error) => {
      this.#fail(error.message);
    });
    child.on("exit", (code, signal) => {
      this.#fail(signal === null ? `it exited with code ${String(code)}` : `it was ended by ${signal}`);
    });
    this.#child = child;
    return child;
  }

  #fail(reason: string): void {
    const error = this.#ended(reason);
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  #ended(reason: string): BackupError {
    return new BackupError(
      "JOB_THREAD_FAILED",
      `${this.#subject}: the helper process that copies databases is gone: ${reason}.`,
    );
  }
}
