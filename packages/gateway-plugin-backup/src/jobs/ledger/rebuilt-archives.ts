import type Database from "better-sqlite3";
import type { ArchiveRecord } from "./archives.js";
import { Statement, type NoParameters } from "./statement.js";

/** Where an archive was found, and how its store knows it. */
export type FoundPlace = Pick<
  ArchiveRecord,
  "location" | "storeKind" | "endpoint" | "bucket" | "key" | "size" | "etag"
>;

/** What stands in the ledger for the order of archives: the oldest first. */
export interface ArchiveInOrder {
  readonly id: string;
  readonly createdAt: number;
}

/** What a rebuild changes in table `archives` besides adding to it. Call its methods in one transaction. */
export class RebuiltArchives {
  readonly #inStore;
  readonly #lost;
  readonly #isEmpty;
  readonly #move;
  readonly #order;
  readonly #setPlace;
  readonly #placed;

  constructor(database: Database.Database) {
    this.#inStore = new Statement<{ storeKind: string; endpoint: string; bucket: string }, { id: string }>(
      database,
      `SELECT id FROM archives
       WHERE store_kind = @storeKind AND endpoint = @endpoint AND bucket = @bucket AND state <> 'deleted' ORDER BY seq`,
    );
    this.#lost = new Statement<NoParameters, { id: string }>(
      database,
      "SELECT id FROM archives WHERE lost_at IS NOT NULL AND state <> 'deleted' AND removing_at IS NULL ORDER BY seq",
    );
    this.#isEmpty = new Statement<NoParameters, { id: string }>(database, "SELECT id FROM archives LIMIT 1");
    this.#move = new Statement<FoundPlace & { id: string }>(
      database,
      `UPDATE archives SET location = @location, store_kind = @storeKind, endpoint = @endpoint, bucket = @bucket, key = @key,
         size = @size, etag = @etag, lost_at = NULL
       WHERE id = @id AND state <> 'deleted'`,
    );
    this.#order = new Statement<NoParameters, { id: string; created_at: number }>(
      database,
      "SELECT id, created_at FROM archives ORDER BY seq",
    );
    // In two steps, because each number may be taken once only.
    this.#setPlace = new Statement<{ id: string; seq: number }>(
      database,
      "UPDATE archives SET seq = -@seq WHERE id = @id",
    );
    this.#placed = new Statement<NoParameters>(database, "UPDATE archives SET seq = -seq");
  }

  /** Ids of all that is not deleted in a store, the oldest first. */
  inStore({
    storeKind,
    endpoint,
    bucket,
  }: Pick<ArchiveRecord, "storeKind" | "endpoint" | "bucket">): string[] {
    return this.#inStore.all({ storeKind, endpoint, bucket }).map(({ id }) => id);
  }

  /** Ids of all whose objects were found to be gone. */
  lost(): string[] {
    return this.#lost.all({}).map(({ id }) => id);
  }

  /** Whether there never was an archive in this ledger. */
  isEmpty(): boolean {
    return this.#isEmpty.get({}) === undefined;
  }

  /** The archive is there, as the store tells it now. */
  setFound(id: string, place: FoundPlace): void {
    const { location, storeKind, endpoint, bucket, key, size, etag } = place;
    this.#move.run({ id, location, storeKind, endpoint, bucket, key, size, etag });
  }

  /** Every archive, in the order of the ledger. */
  order(): ArchiveInOrder[] {
    return this.#order.all({}).map(({ id, created_at: createdAt }) => ({ id, createdAt }));
  }

  /** @param ids Of every archive, the oldest first. */
  setOrder(ids: readonly string[]): void {
    ids.forEach((id, n) => this.#setPlace.run({ id, seq: n + 1 }));
    this.#placed.run({});
  }
}
