/** A place that belongs to one contestant. */
import type { S3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { mustRun } from "@openclaw/test/support";
import { mkdirSync, rmSync } from "node:fs";
import type { LocalPlace, Place, S3Place } from "./place.js";

export interface Storage {
  readonly place: Place;
  empty(): Promise<void>;
  /** Bytes of all objects or files. */
  storedBytes(): Promise<number>;
  /** Removes what it holds. */
  close(): Promise<void>;
}

export class LocalStorage implements Storage {
  readonly place: LocalPlace;

  constructor(directory: string) {
    this.place = { kind: "local", directory };
    mkdirSync(directory, { recursive: true });
  }

  empty(): Promise<void> {
    rmSync(this.place.directory, { recursive: true, force: true });
    mkdirSync(this.place.directory, { recursive: true });
    return Promise.resolve();
  }

  async storedBytes(): Promise<number> {
    return Number.parseInt(await mustRun("du", ["-sb", this.place.directory]), 10);
  }

  close(): Promise<void> {
    rmSync(this.place.directory, { recursive: true, force: true });
    return Promise.resolve();
  }
}

export class S3Storage implements Storage {
  readonly place: S3Place;
  readonly #server: S3ForTests;

  private constructor(place: S3Place, server: S3ForTests) {
    this.place = place;
    this.#server = server;
  }

  /** A new bucket. @param endpoint of the counting proxy */
  static async create(server: S3ForTests, endpoint: string): Promise<S3Storage> {
    const { region, accessKey, secretKey } = server;
    const bucket = await server.newBucket();
    return new S3Storage({ kind: "s3", bucket, endpoint, region, accessKey, secretKey }, server);
  }

  empty(): Promise<void> {
    return this.#server.empty(this.place.bucket);
  }

  async storedBytes(): Promise<number> {
    const objects = await this.#server.objects(this.place.bucket);
    return objects.reduce((sum, { size }) => sum + size, 0);
  }

  /** The bucket itself goes with the server's lifetime. */
  close(): Promise<void> {
    return this.empty();
  }

  /** Keys and sizes. */
  objects(): Promise<readonly { readonly key: string; readonly size: number }[]> {
    return this.#server.objects(this.place.bucket);
  }
}
