import { randomBytes } from "node:crypto";
import type { Test } from "tap";
import type { S3StoreSettings } from "../stores/settings.js";
import { NoServerError, sharedServer, stopServer, type ServerSettings } from "./radosgw.js";

export interface S3ForTests extends ServerSettings {
  /** Makes a bucket that is removed with all it holds when the test ends. */
  newBucket(): Promise<string>;
  /** The same, whose objects can be locked. What a compliance lock holds cannot be removed when the test ends. */
  newLockableBucket(): Promise<string>;
  /** Holds an object until it is released, without the plugin's help. */
  legalHold(bucket: string, key: string, isHeld: boolean): Promise<void>;
  /** Settings of a store for a bucket of this server. */
  settings(bucket: string): S3StoreSettings;
  /**
   * The `S3_*` environment of a gateway, with a default destination if a bucket is named.
   *
   * @param endpoint Of a proxy before the server.
   */
  environment(bucket?: string, endpoint?: string): Record<string, string>;
  /** Stores an object without the plugin's help. */
  put(bucket: string, key: string, bytes: Buffer): Promise<void>;
  /** Removes an object without the plugin's help. */
  remove(bucket: string, key: string): Promise<void>;
  /** From now on, every version of every object is kept. */
  keepVersions(bucket: string): Promise<void>;
  /** How many versions of objects a bucket has, and marks of removed ones. */
  versions(bucket: string): Promise<number>;
  /** Begins a multipart upload without the plugin's help, and leaves it. */
  beginUpload(bucket: string, key: string): Promise<void>;
  /** An object's bytes, read without the plugin's help. */
  get(bucket: string, key: string): Promise<Buffer>;
  /** Reads an object to its end without the plugin's help; gives its size. */
  download(bucket: string, key: string, endpoint: string): Promise<number>;
  /** Removes every object and every unfinished upload of a bucket. */
  empty(bucket: string): Promise<void>;
  /** Every object of a bucket, as the server lists it. */
  objects(bucket: string): Promise<readonly S3Object[]>;
  /** Ids of multipart uploads in a bucket that were neither completed nor aborted. */
  unfinishedUploads(bucket: string): Promise<readonly string[]>;
}

export interface S3Object {
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
}

/** Who says when all is over, and runs what was left to do then: a test, for example. */
export interface Lifetime {
  teardown(finish: () => unknown): void;
}

/** As {@link s3ForTests}, for what is no test: throws where no server can be had. */
export async function s3For(lifetime: Lifetime): Promise<S3ForTests> {
  return withBuckets(lifetime, fromEnvironment() ?? (await ownServer(lifetime)));
}

/**
 * A real S3 server: the one that `S3_TEST_ENDPOINT`, `S3_TEST_ACCESS_KEY_ID` and `S3_TEST_SECRET_ACCESS_KEY` name, else a
 * Ceph object gateway of our own. Undefined, after one visible line, where none can be had; with `CI=true` that throws.
 */
export async function s3ForTests(t: Test): Promise<S3ForTests | undefined> {
  try {
    return await s3For(t);
  } catch (error) {
    if (!(error instanceof NoServerError) || process.env["CI"] === "true") throw error;
    const reason = `no S3 server to test against (set S3_TEST_ENDPOINT, or: apt-get update): ${error.message}`;
    t.pass("S3 store", { skip: reason });
    return undefined;
  }
}

function fromEnvironment(): ServerSettings | undefined {
  const endpoint = process.env["S3_TEST_ENDPOINT"];
  if (endpoint === undefined) return undefined;
  const accessKey = process.env["S3_TEST_ACCESS_KEY_ID"];
  const secretKey = process.env["S3_TEST_SECRET_ACCESS_KEY"];
  if (accessKey === undefined || secretKey === undefined) {
    throw new Error("S3_TEST_ENDPOINT needs S3_TEST_ACCESS_KEY_ID and S3_TEST_SECRET_ACCESS_KEY");
  }
  return { endpoint, accessKey, secretKey, region: process.env["S3_TEST_REGION"] ?? "us-east-1" };
}

async function ownServer(t: Lifetime): Promise<ServerSettings> {
  // Started by hand, without tap: nobody else would stop the server.
  if (process.env["TAP"] !== "1") t.teardown(() => stopServer(process.pid));
  return sharedServer(process.env["TAP"] === "1" ? process.ppid : process.pid);
}

async function withBuckets(t: Lifetime, server: ServerSettings): Promise<S3ForTests> {
  const sdk = await import("@aws-sdk/client-s3");
  const clientOf = (endpoint: string) =>
    new sdk.S3Client({
      endpoint,
      region: server.region,
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    });
  const client = clientOf(server.endpoint);

  const uploads = async (bucket: string): Promise<{ Key: string; UploadId: string }[]> => {
    const { Uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket }));
    return Uploads.map(({ Key = "", UploadId = "" }) => ({ Key, UploadId }));
  };
  const removeVersions = async (bucket: string, isLockable = false): Promise<void> => {
    const { Versions = [], DeleteMarkers = [] } = await client.send(
      new sdk.ListObjectVersionsCommand({ Bucket: bucket }),
    );
    const bypass = isLockable ? { BypassGovernanceRetention: true } : {};
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key, VersionId, ...bypass }));
  };
  const empty = async (bucket: string): Promise<void> => {
    for (const upload of await uploads(bucket)) {
      await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, ...upload }));
    }
    for await (const { Contents = [] } of sdk.paginateListObjectsV2({ client }, { Bucket: bucket })) {
      const Objects = Contents.map(({ Key }) => ({ Key }));
      if (Objects.length === 0) continue;
      const whole = new sdk.DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } });
      await client.send(whole).catch(async () => {
        // Ceph answers 500 to a list with a name that its XML does not carry.
        for (const { Key } of Objects)
          await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key }));
      });
    }
  };
  const removeBucket = async (bucket: string): Promise<void> => {
    await empty(bucket);
    await client.send(new sdk.DeleteBucketCommand({ Bucket: bucket }));
  };

  t.teardown(() => client.destroy());
  return {
    ...server,
    newBucket: async () => {
      const bucket = `openclaw-test-${randomBytes(6).toString("hex")}`;
      await client.send(new sdk.CreateBucketCommand({ Bucket: bucket }));
      t.teardown(() => removeBucket(bucket));
      return bucket;
    },
    newLockableBucket: async () => {
      const bucket = `openclaw-test-${randomBytes(6).toString("hex")}`;
      await client.send(new sdk.CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
      t.teardown(() => removeBucket(bucket));
      t.teardown(() => removeVersions(bucket, true));
      return bucket;
    },
    legalHold: async (bucket, key, isHeld) => {
      const LegalHold = { Status: isHeld ? "ON" : "OFF" } as const;
      await client.send(new sdk.PutObjectLegalHoldCommand({ Bucket: bucket, Key: key, LegalHold }));
    },
    settings: (bucket) => ({
      kind: "s3",
      bucket,
      endpoint: server.endpoint,
      region: server.region,
      credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    }),
    environment: (bucket, endpoint = server.endpoint) => ({
      S3_ENDPOINT: endpoint,
      S3_REGION: server.region,
      S3_ACCESS_KEY_ID: server.accessKey,
      S3_SECRET_ACCESS_KEY: server.secretKey,
      ...(bucket === undefined ? {} : { S3_BUCKET: bucket }),
    }),
    put: async (bucket, key, bytes) => {
      await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
    },
    remove: async (bucket, key) => {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    versions: async (bucket) => {
      const { Versions = [], DeleteMarkers = [] } = await client.send(
        new sdk.ListObjectVersionsCommand({ Bucket: bucket }),
      );
      return Versions.length + DeleteMarkers.length;
    },
    keepVersions: async (bucket) => {
      const VersioningConfiguration = { Status: "Enabled" } as const;
      await client.send(new sdk.PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
      t.teardown(() => removeVersions(bucket));
    },
    beginUpload: async (bucket, key) => {
      await client.send(new sdk.CreateMultipartUploadCommand({ Bucket: bucket, Key: key }));
    },
    get: async (bucket, key) => {
      const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    download: async (bucket, key, endpoint) => {
      const through = clientOf(endpoint);
      try {
        const { Body } = await through.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }));
        let bytes = 0;
        for await (const chunk of Body as AsyncIterable<Uint8Array>) bytes += chunk.length;
        return bytes;
      } finally {
        through.destroy();
      }
    },
    empty,
    objects: async (bucket) => {
      const objects: S3Object[] = [];
      for await (const { Contents = [] } of sdk.paginateListObjectsV2({ client }, { Bucket: bucket })) {
        for (const { Key: key = "", Size: size = 0, ETag: etag = "" } of Contents)
          objects.push({ key, size, etag: etag.replaceAll('"', "") });
      }
      return objects;
    },
    unfinishedUploads: async (bucket) => (await uploads(bucket)).map(({ UploadId }) => UploadId),
  };
}
