import type { HookBus, HookErrorPolicy, HookEvents, HookFailure, HookName, HookOptions } from "./host.js";

/** After this time a handler counts as failed: a plugin that hangs must not keep a tenant suspended. */
const DEFAULT_TIMEOUT_MS = 30_000;

interface Handler {
  readonly plugin: string;
  readonly timeoutMs: number;
  readonly onError: HookErrorPolicy;
  handle(event: HookEvents[HookName]): Promise<void> | void;
}

/** The hooks of all plugins; each plugin sees its own {@link HookBus} over them. */
export class Hooks {
  readonly #handlers = new Map<HookName, Handler[]>();

  forPlugin(plugin: string): HookBus {
    return {
      on: (name, handler, options) => this.#add(name, plugin, handler, options),
      run: (name, event) => this.run(name, event),
    };
  }

  /** Handlers run one after the other, each even if one before it failed. */
  async run<N extends HookName>(name: N, event: HookEvents[N]): Promise<readonly HookFailure[]> {
    const failures: HookFailure[] = [];
    for (const handler of this.#handlers.get(name) ?? []) {
      try {
        await withTimeLimit(async () => handler.handle(event), handler.timeoutMs);
      } catch (error) {
        failures.push({
          plugin: handler.plugin,
          error: error instanceof Error ? error : new Error(String(error)),
          onError: handler.onError,
        });
      }
    }
    return failures;
  }

  #add<N extends HookName>(
    name: N,
    plugin: string,
    handler: (event: HookEvents[N]) => Promise<void> | void,
    options: HookOptions = {},
  ): void {
    const handlers = this.#handlers.get(name) ?? [];
    handlers.push({
      plugin,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      onError: options.onError ?? "warn",
      // The map has handlers of all events under one type; `run` hands each only the events of its own name.
      handle: handler,
    });
    this.#handlers.set(name, handlers);
  }
}

/** Rejects after `timeoutMs`; the work itself cannot be stopped and its later end is ignored. */
export async function withTimeLimit<T>(work: () => Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), limit]);
  } finally {
    clearTimeout(timer);
  }
}
