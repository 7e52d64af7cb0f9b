import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BackupError } from "../../errors.js";
import { removeCopy } from "./copy-files.js";
import type { CopyAnswer, FromHelper, HelperCall, HelperRequest, Verdict } from "./protocol.js";

const helperPath = fileURLToPath(new URL("./helper.js", import.meta.url));

/** SQLite checks some 500 MB a second where the pages are in memory. A slow disk shall have time, too. */
const CHECK_BYTES_PER_SECOND = 8 * 1024 * 1024;
const CHECK_AT_LEAST_MS = 5 * 60_000;

/** How long the check of a copy of so many bytes may take, in milliseconds. */
function checkLimitMs(bytes: number): number {
  return CHECK_AT_LEAST_MS + (bytes / CHECK_BYTES_PER_SECOND) * 1000;
}

interface PendingCall {
  readonly request: HelperRequest;
  resolve(answer: readonly Verdict[] | CopyAnswer): void;
  reject(error: Error): void;
}

/**
 * The helper process of one job: started with the first call or by {@link prepare}, ended by {@link stop}. It works on one call after the
 * other. A copy that it dies of, or whose check takes too long, is answered as unreadable, and a new process goes on
 * with the calls behind it.
 */
export class SqliteHelper {
  readonly #directory: string;
  readonly #subject: string;
  readonly #checkLimitMs: (bytes: number) => number;
  /** In the order in which they are worked on. */
  readonly #pending = new Map<number, PendingCall>();
  #child: ChildProcess | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  #calls = 0;
  #stopped = false;

  /**
   * @param directory The tenant's directory, absolute.
   * @param subject The tenant, as it begins a message: `Tenant acme`.
   * @param limitMs Time for the check of a copy, by its bytes.
   */
  constructor(directory: string, subject: string, limitMs: (bytes: number) => number = checkLimitMs) {
    this.#directory = directory;
    this.#subject = subject;
    this.#checkLimitMs = limitMs;
  }

  /** Starts the process, so that the first call need not wait for that. */
  prepare(): void {
    if (!this.#stopped) this.#child ??= this.#start();
  }

  /** Rejects with JOB_THREAD_FAILED when the process is not there any more. */
  call(call: HelperCall): Promise<readonly Verdict[] | CopyAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) throw this.#gone("the job has ended");
      const request: HelperRequest = { ...call, id: this.#calls++ };
      this.#pending.set(request.id, { request, resolve, reject });
      this.#send(this.#child ?? this.#start(), request);
    });
  }

  /**
   * Ends the process at once, whatever it does. Databases it has open are safe: it dies as any reader may. One that rests
   * is let go, and ends by itself.
   */
  stop(): void {
    this.#stopped = true;
    if (this.#pending.size === 0) this.#letGo();
    else this.#end();
    this.#fail("the job has ended");
  }

  #start(): ChildProcess {
    const child = fork(helperPath, [this.#directory], {
      env: {},
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#child = child;
    const whileCurrent =
      <T extends unknown[]>(listener: (...args: T) => void) =>
      (...args: T): void => {
        if (this.#child === child) listener(...args);
      };
    child.on(
      "message",
      whileCurrent((message: FromHelper) => {
        this.#receive(message);
      }),
    );
    child.on(
      "error",
      whileCurrent((error: Error) => {
        this.#end();
        this.#fail(error.message);
      }),
    );
    child.on(
      "exit",
      whileCurrent((code: number | null, signal: string | null) => {
        this.#end();
        if (signal === null) this.#fail(`it exited with code ${String(code)}`);
        else
          this.#giveUpFirst(`it was ended by ${signal}`, `the process that copied it was ended by ${signal}`);
      }),
    );
    return child;
  }

  #send(child: ChildProcess, request: HelperRequest): void {
    // What cannot be sent goes to a process that is about to exit; that decides.
    child.send(request, () => undefined);
  }

  #receive(message: FromHelper): void {
    clearTimeout(this.#checkTimer);
    if ("answer" in message) {
      this.#pending.get(message.id)?.resolve(message.answer);
      this.#pending.delete(message.id);
      return;
    }
    const limitMs = this.#checkLimitMs(message.checking);
    this.#checkTimer = setTimeout(() => {
      this.#end();
      const reason = `the check of its copy took longer than ${limitMs / 1000} seconds`;
      this.#giveUpFirst(reason, reason);
    }, limitMs);
  }

  /**
   * Answers the copy that the process was at, and lets a new process go on.
   *
   * @param ofProcess What happened to the process, should it have been at no copy.
   */
  #giveUpFirst(ofProcess: string, reason: string): void {
    const [first, ...others] = this.#pending.values();
    if (first === undefined) return;
    if (first.request.method !== "copy") {
      this.#fail(ofProcess);
      return;
    }
    removeCopy(first.request.request.copy);
    this.#pending.delete(first.request.id);
    first.resolve({ kind: "unreadable", reason });
    if (others.length === 0) return;
    const child = this.#start();
    for (const { request } of others) this.#send(child, request);
  }

  #letGo(): void {
    clearTimeout(this.#checkTimer);
    const child = this.#child;
    this.#child = undefined;
    if (child?.connected === true) child.disconnect();
  }

  #end(): void {
    clearTimeout(this.#checkTimer);
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  #fail(reason: string): void {
    const error = this.#gone(reason);
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  #gone(reason: string): BackupError {
    return new BackupError(
      "JOB_THREAD_FAILED",
      `${this.#subject}: the helper process that copies databases is gone: ${reason}.`,
    );
  }
}
