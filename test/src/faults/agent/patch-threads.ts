/** Has the agent loaded in every thread and helper process of the gateway, and makes points of what they start and say. */
import type * as ChildProcess from "node:child_process";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort } from "node:worker_threads";
import type * as WorkerThreads from "node:worker_threads";
import type { Control } from "./control.js";
import { PID_VARIABLE, PLACE_VARIABLE, SETTINGS_VARIABLE } from "./settings.js";
import { strike } from "./strike.js";

/**
 * So that a thread that is to run out of memory does so at once; ample for every thread of the gateway, whose memory
 * does not grow with the tenant.
 */
const HEAP_MB = 96;

export function patchThreads(agent: string, control: Control): void {
  const require = createRequire(import.meta.url);
  const threads = require("node:worker_threads") as Record<string, unknown>;
  const processes = require("node:child_process") as Record<string, unknown>;
  const { Worker } = threads as unknown as typeof WorkerThreads;
  const { fork, spawn } = processes as unknown as typeof ChildProcess;
  const execArgv = ["--import", agent];

  threads["Worker"] = class extends Worker {
    constructor(entry: string | URL, options: WorkerThreads.WorkerOptions = {}) {
      super(entry, {
        ...options,
        execArgv,
        env: { ...process.env, [PLACE_VARIABLE]: nameOf(entry) },
        resourceLimits: { ...options.resourceLimits, maxOldGenerationSizeMb: HEAP_MB },
      });
    }
  };
  processes["fork"] = (entry: string, args: readonly string[], options: ChildProcess.ForkOptions) => {
    const passed = Object.fromEntries(
      [SETTINGS_VARIABLE, PID_VARIABLE].map((name) => [name, process.env[name]]),
    );
    return fork(entry, args, {
      ...options,
      execArgv,
      env: { ...options.env, ...passed, [PLACE_VARIABLE]: nameOf(entry) },
    });
  };
  processes["spawn"] = (...args: Parameters<typeof spawn>) => {
    passing(control, `spawn ${args[0]}`);
    return spawn(...args);
  };
  syncBuiltinESMExports();

  if (isMainThread) return;
  passing(control, "start");
  if (parentPort !== null) patchPort(parentPort, control);
}

function patchPort(port: WorkerThreads.MessagePort, control: Control): void {
  const post = port.postMessage.bind(port);
  port.postMessage = (message: unknown, transfer?: Parameters<typeof post>[1]) => {
    passing(control, `post ${kindOf(message)}`);
    if (Array.isArray(transfer)) post(message, transfer);
    else post(message);
  };
}

function passing(control: Control, what: string): void {
  const fault = control.pass(what);
  const failure = fault && strike(fault, { syscall: "", path: "" });
  if (failure !== undefined) throw failure;
}

/** The messages between the gateway's threads say what they are. */
function kindOf(message: unknown): string {
  const { type, kind } = (message ?? {}) as { readonly type?: string; readonly kind?: string };
  return type ?? kind ?? "message";
}

/** `file:///…/extract-thread.js`: `extract-thread`. */
function nameOf(entry: string | URL): string {
  const path = entry instanceof URL || entry.startsWith("file:") ? fileURLToPath(entry) : entry;
  return basename(path, ".js");
}
