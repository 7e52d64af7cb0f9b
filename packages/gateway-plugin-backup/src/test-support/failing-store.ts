/** A store in which the nth call of a kind fails. What is behind it is real. */
import { BackupError } from "../errors.js";
import type { ObjectLock, WantedLock } from "../stores/object-lock.js";
import type {
  ByteRange,
  CreateOptions,
  Leftover,
  ObjectInfo,
  StoreAbilities,
  ReadOptions,
  Store,
  StoredObject,
  TailRead,
  Upload,
} from "../stores/store.js";

/** `chunk`: a piece of what `read` delivers. */
export type StoreCall =
  | "head"
  | "read"
  | "chunk"
  | "readTail"
  | "create"
  | "onLeftover"
  | "write"
  | "copy"
  | "complete"
  | "list"
  | "remove"
  | "removeIfSame"
  | "discard";

export interface PlannedFailure {
  readonly call: StoreCall;
  /** Which of them, from 1. */
  readonly nth: number;
}

/** Counts the calls of all stores and uploads that share it, and lets one of them fail. */
export class CallLog {
  readonly counts = new Map<StoreCall, number>();
  /** How the uploads were given up. */
  readonly givenUp: ("abort" | "suspend")[] = [];
  readonly #planned: PlannedFailure | undefined;

  constructor(planned?: PlannedFailure) {
    this.#planned = planned;
  }

  /** True once the planned failure has happened. */
  get failed(): boolean {
    return this.#planned !== undefined && (this.counts.get(this.#planned.call) ?? 0) >= this.#planned.nth;
  }

  pass(call: StoreCall): void {
    const count = (this.counts.get(call) ?? 0) + 1;
    this.counts.set(call, count);
    if (call === this.#planned?.call && count === this.#planned.nth)
      throw new BackupError("STORE_FAILED", `The store fails at call ${count} of ${call}, as planned.`);
  }
}

export class FailingStore implements Store {
  readonly kind: Store["kind"];
  readonly #store: Store;
  readonly #log: CallLog;

  constructor(store: Store, log: CallLog) {
    this.kind = store.kind;
    this.#store = store;
    this.#log = log;
  }

  locate(key: string): string {
    return this.#store.locate(key);
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    this.#log.pass("head");
    return this.#store.head(key, signal);
  }

  async *read(key: string, options?: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    this.#log.pass("read");
    for await (const chunk of this.#store.read(key, options)) {
      this.#log.pass("chunk");
      yield chunk;
    }
  }

  async readTail(key: string, length: number, signal?: AbortSignal): Promise<TailRead> {
    this.#log.pass("readTail");
    return this.#store.readTail(key, length, signal);
  }

  async create(key: string, options: CreateOptions): Promise<Upload> {
    this.#log.pass("create");
    const onLeftover = async (leftover: Leftover): Promise<void> => {
      this.#log.pass("onLeftover");
      await options.onLeftover(leftover);
    };
    return new FailingUpload(await this.#store.create(key, { ...options, onLeftover }), this.#log);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo, void, undefined> {
    this.#log.pass("list");
    yield* this.#store.list(prefix, signal);
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    this.#log.pass("remove");
    await this.#store.remove(key, signal);
  }

  async removeIfSame(object: ObjectInfo, signal?: AbortSignal): Promise<boolean> {
    this.#log.pass("removeIfSame");
    return this.#store.removeIfSame(object, signal);
  }

  async lock(object: ObjectInfo, wanted: WantedLock, signal?: AbortSignal): Promise<ObjectLock | undefined> {
    return this.#store.lock(object, wanted, signal);
  }

  async discard(leftover: Leftover, signal?: AbortSignal): Promise<void> {
    this.#log.pass("discard");
    await this.#store.discard(leftover, signal);
  }

  abilities(): StoreAbilities {
    return this.#store.abilities();
  }

  close(): void {
    this.#store.close();
  }
}

class FailingUpload implements Upload {
  readonly mark: string | undefined;
  readonly #upload: Upload;
  readonly #log: CallLog;

  constructor(upload: Upload, log: CallLog) {
    this.mark = upload.mark;
    this.#upload = upload;
    this.#log = log;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#log.pass("write");
    await this.#upload.write(chunk);
  }

  async copy(range: ByteRange): Promise<void> {
    this.#log.pass("copy");
    await this.#upload.copy(range);
  }

  async complete(): Promise<StoredObject> {
    this.#log.pass("complete");
    return this.#upload.complete();
  }

  async abort(): Promise<void> {
    this.#log.givenUp.push("abort");
    await this.#upload.abort();
  }

  async suspend(): Promise<void> {
    this.#log.givenUp.push("suspend");
    await this.#upload.suspend();
  }
}
