/** Every schedule of this gateway in memory, by owner, and the changes that are made to them. */
import { GatewayError } from "../errors.js";
import type { PluginLogger } from "../plugin/host.js";
import { errorText } from "../system-error.js";
import type { Tenants } from "../tenants/tenants.js";
import type { Defined, Definitions, UnknownSchedule } from "./definitions.js";
import type { JsonFiles } from "./json-file.js";
import { GATEWAY, ownerKey, ownerText, type Owner } from "./owner.js";
import { RunLog } from "./run-log.js";
import { timingOf, type Schedule, type Timing } from "./schedule.js";
import type { WriteQueue } from "./write-queue.js";

/** A schedule that is looked at with every tick. */
export interface Entry {
  readonly schedule: Schedule;
  readonly timing: Timing;
  /** Undefined: it never runs. */
  next: NextRun | undefined;
}

export interface NextRun {
  /** The time that the schedule names, in milliseconds since the epoch. */
  readonly due: number;
  /** When it is to run: later by its jitter, or because its time was missed. */
  readonly at: number;
  /** `missed`: its time went by unseen. `waiting`: it has come, and the job of the run before has not ended. */
  readonly state: "ahead" | "missed" | "waiting";
}

/** The schedules of one owner. */
export interface Book {
  readonly owner: Owner;
  readonly log: RunLog;
  /** By name. */
  readonly entries: Map<string, Entry>;
  /** What stands in its file and is no schedule to this gateway. */
  unknown: readonly UnknownSchedule[];
}

/** A schedule with what belongs to it. */
export interface Found {
  readonly book: Book;
  readonly entry: Entry;
}

export interface BooksOptions {
  readonly definitions: Definitions;
  /** `cron/runs`. */
  readonly runsDirectory: string;
  readonly files: JsonFiles;
  /** Of the files in `runsDirectory`. */
  readonly writes: WriteQueue;
  readonly tenants: Pick<Tenants, "list" | "get" | "gate">;
  readonly log: PluginLogger;
}

export class Books {
  readonly #options: BooksOptions;
  /** By {@link ownerKey}. */
  readonly #books = new Map<string, Book>();
  /** By {@link ownerKey}; what has run is not forgotten when an owner's schedules are read again. */
  readonly #logs = new Map<string, RunLog>();
  /** By {@link ownerKey}. */
  readonly #unreadable = new Map<string, { readonly owner: Owner; readonly problem: string }>();
  /** By owner: what works on its files, one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Called with every entry that is new, to plan its next run. */
  #plan: (book: Book, entry: Entry) => void = () => undefined;

  constructor(options: BooksOptions) {
    this.#options = options;
  }

  /** Reads all schedules. An owner whose file cannot be read is logged, and harms no other. */
  async load(plan: (book: Book, entry: Entry) => void): Promise<void> {
    this.#plan = plan;
    for (const owner of this.owners()) await this.open(owner).catch(() => undefined);
  }

  /** A tenant's directory was swapped, or the tenant is gone: what stands there now counts. */
  async reload(id: string): Promise<void> {
    for (const [key, { owner }] of this.#books) {
      if (owner.kind === "tenant" && owner.id === id) this.#books.delete(key);
    }
    for (const [key, { owner }] of this.#unreadable) {
      if (owner.kind === "tenant" && owner.id === id) this.#unreadable.delete(key);
    }
    const record = this.#options.tenants.get(id);
    if (record === undefined) return;
    await this.open(ofTenant(record)).catch(() => undefined);
  }

  /** The gateway, and every tenant. */
  owners(): readonly Owner[] {
    return [GATEWAY, ...this.#options.tenants.list().map(ofTenant)];
  }

  /** Owners whose schedules cannot be read, and why. */
  unreadable(): readonly { readonly owner: Owner; readonly problem: string }[] {
    return [...this.#unreadable.values()];
  }

  /** Of the gateway first, then by tenant. */
  all(): readonly Book[] {
    return [...this.#books.values()].sort((a, b) => (sortKey(a.owner) < sortKey(b.owner) ? -1 : 1));
  }

  /** In no order. */
  each(): Iterable<Book> {
    return this.#books.values();
  }

  /** Whether a schedule still stands as it was found. */
  isCurrent({ book, entry }: Found): boolean {
    const current = this.#books.get(ownerKey(book.owner)) === book;
    return current && book.entries.get(entry.schedule.name) === entry;
  }

  /** What has run of an owner's schedules is forgotten, unless they are here again. */
  forgetRuns(key: string): void {
    if (!this.#books.has(key)) this.#logs.delete(key);
  }

  /** Throws `TENANT_NOT_FOUND`. */
  owner(id: string): Owner {
    const record = this.#options.tenants.get(id);
    if (record !== undefined) return ofTenant(record);
    throw new GatewayError("TENANT_NOT_FOUND", `There is no tenant ${id}`, { details: { tenant: id } });
  }

  /** The owner's schedules, read again where that has failed before. Throws what keeps them from being read. */
  open(owner: Owner): Promise<Book> {
    return this.#inTurn(owner, () => this.#open(owner));
  }

  /**
   * Writes what `change` makes of the owner's schedules, then takes it over. `change` throws to refuse. Throws
   * `TENANT_SUSPENDED` while the tenant's directory is being swapped.
   */
  async change(owner: Owner, change: (defined: Defined) => Defined): Promise<Book> {
    const visit = owner.kind === "tenant" ? this.#options.tenants.gate.enter(owner.id) : undefined;
    try {
      return await this.#inTurn(owner, async () => {
        const book = await this.#open(owner);
        const before = [...book.entries.values()].map(({ schedule }) => schedule);
        const after = change({ schedules: before, unknown: book.unknown });
        await this.#options.definitions.write(owner, after);
        book.unknown = after.unknown;
        for (const { name } of before) {
          if (!after.schedules.some((schedule) => schedule.name === name)) book.entries.delete(name);
        }
        for (const schedule of after.schedules) {
          if (!before.includes(schedule)) this.#put(book, schedule);
        }
        return book;
      });
    } finally {
      visit?.end();
    }
  }

  async #open(owner: Owner): Promise<Book> {
    const key = ownerKey(owner);
    const known = this.#books.get(key);
    if (known !== undefined) return known;
    try {
      const book = await this.#read(owner);
      this.#books.set(key, book);
      this.#unreadable.delete(key);
      return book;
    } catch (error) {
      const problem = errorText(error);
      if (!this.#unreadable.has(key)) {
        this.#options.log.error(
          { owner: ownerText(owner), problem },
          "schedules cannot be read, and do not run",
        );
      }
      this.#unreadable.set(key, { owner, problem });
      throw error;
    }
  }

  async #read(owner: Owner): Promise<Book> {
    const { definitions, runsDirectory, files, writes } = this.#options;
    const { schedules, unknown } = await definitions.read(owner);
    for (const { name, problem } of unknown) {
      const fields = { owner: ownerText(owner), schedule: name, problem };
      this.#options.log.warn(fields, "a schedule makes no sense to this gateway, and does not run");
    }
    const log = this.#logs.get(ownerKey(owner)) ?? (await RunLog.load(runsDirectory, owner, files, writes));
    this.#logs.set(ownerKey(owner), log);
    const book: Book = { owner, log, entries: new Map<string, Entry>(), unknown };
    for (const schedule of schedules) this.#put(book, schedule);
    return book;
  }

  #put(book: Book, schedule: Schedule): void {
    const entry: Entry = { schedule, timing: timingOf(book.owner, schedule), next: undefined };
    this.#plan(book, entry);
    book.entries.set(schedule.name, entry);
  }

  #inTurn<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
    const key = ownerKey(owner);
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work, work);
    this.#turns.set(key, turn);
    const forget = (): void => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    };
    turn.then(forget, forget);
    return turn;
  }
}

function ofTenant({ id, uid }: { readonly id: string; readonly uid: string }): Owner {
  return { kind: "tenant", id, uid };
}

/** Ids of tenants are not empty. */
function sortKey(owner: Owner): string {
  return owner.kind === "gateway" ? "" : owner.id;
}
