/** Answers that S3 allows, or a proxy makes, and no server at hand gives: from a server that only says what it is told. */
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { seenRequest, type S3Operation } from "../../test-support/s3-operation.js";
import { keysOf, LeftoverNotes, readAll, rejectsWith, storeArchive, testBytes } from "../conformance.js";
import type { ObjectInfo, StoreAbilities } from "../store.js";
import { S3Store } from "./s3-store.js";

const MiB = 1024 * 1024;

interface Answer {
  readonly status?: number;
  /** Sent in chunks where no Content-Length is among them; `Date` is missing as well. */
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string;
}

interface Bench {
  readonly it: S3Store;
  /** Operation and query of every request, in order. */
  readonly asked: { readonly operation: S3Operation; readonly query: URLSearchParams }[];
}

const noObject: Answer = { status: 404, body: "<Error><Code>NoSuchKey</Code></Error>" };

/**
 * A store in front of a server that gives these answers, one after the other, the last again and again.
 *
 * @param host By which the store knows the server.
 */
async function storeThat(
  t: Test,
  answers: Readonly<Partial<Record<S3Operation, Answer | readonly Answer[]>>>,
  host = "127.0.0.1",
  abilities: StoreAbilities = { put: true, complete: true },
): Promise<Bench> {
  const asked: Bench["asked"] = [];
  const server = createServer((incoming, outgoing) => {
    const { operation } = seenRequest(incoming);
    asked.push({ operation, query: new URL(incoming.url ?? "/", "http://server").searchParams });
    const given = answers[operation];
    const list: readonly (Answer | undefined)[] = Array.isArray(given) ? given : [given];
    const count = asked.filter((one) => one.operation === operation).length;
    const { status = 200, headers = {}, body = "" } = list[count - 1] ?? list.at(-1) ?? noObject;
    incoming.resume().on("end", () => {
      outgoing.sendDate = false;
      outgoing.writeHead(status, { ...headers });
      outgoing.end(incoming.method === "HEAD" ? undefined : body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://${host}:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const timing = { now: () => 0, sleep: () => Promise.resolve(), random: () => 0 };
  const it = new S3Store({ kind: "s3", bucket: "bucket", endpoint, credentials, abilities }, { timing });
  t.teardown(() => {
    it.close();
    server.closeAllConnections();
    server.close();
  });
  return { it, asked };
}

function count({ asked }: Bench, operation: S3Operation): number {
  return asked.filter((one) => one.operation === operation).length;
}

t.test("an object whose size is not told is not taken for an empty one", async (t) => {
  const { it } = await storeThat(t, {
    HeadObject: { headers: { etag: '"e"' } },
    GetObject: { body: "12345" },
  });
  t.match((await rejectsWith(t, it.head("key"), "STORE_FAILED")).message, /no size for key/);
  t.match(
    (await rejectsWith(t, readAll(it, "key"), "STORE_FAILED")).message,
    /no length for s3:\/\/bucket\/key/,
  );
});

t.test("what else a store does not tell of an object is empty", async (t) => {
  const { it } = await storeThat(t, {
    HeadObject: { headers: { "content-length": 5 } },
    GetObject: { status: 206, headers: { "content-range": "bytes 3-4/5" }, body: "45" },
    ListObjectsV2: {
      body: "<ListBucketResult><Contents><Key>key</Key></Contents><Contents><Size>1</Size></Contents></ListBucketResult>",
    },
  });
  const untold = { key: "key", etag: "", modifiedAt: new Date(0) };
  t.strictSame(await it.head("key"), { ...untold, size: 5 });
  t.strictSame((await it.readTail("key", 2)).object, { ...untold, size: 5 });
  const listed: ObjectInfo[] = [];
  for await (const object of it.list("")) listed.push(object);
  t.strictSame(listed, [{ ...untold, size: 0 }], "what has no key is no object");
});

t.test("a range of which no length is told is read to its end", async (t) => {
  const { it } = await storeThat(t, {
    GetObject: { status: 206, headers: { "content-range": "bytes 1-3/5" }, body: "234" },
  });
  t.equal(String(await readAll(it, "key", { range: { start: 1, end: 4 } })), "234");
});

t.test("more bytes than were asked for are not passed on", async (t) => {
  for (const answer of [
    { headers: { "content-range": "bytes 1-3/5" }, body: "2345" },
    { headers: { "content-range": "bytes 1-4/5" }, body: "2345" },
  ]) {
    const { it } = await storeThat(t, { GetObject: { status: 206, ...answer } });
    const error = await rejectsWith(t, readAll(it, "key", { range: { start: 1, end: 4 } }), "STORE_FAILED");
    t.match(error.message, /sends more of/);
  }
});

t.test("a body that ends too early again and again is given up", async (t) => {
  const bench = await storeThat(t, {
    GetObject: { status: 206, headers: { "content-range": "bytes 1-3/5" }, body: "" },
  });
  const reading = readAll(bench.it, "key", { range: { start: 1, end: 4 } });
  t.match(
    (await rejectsWith(t, reading, "STORE_UNREACHABLE")).message,
    /5 times in a row: it ended too early/,
  );
  t.equal(count(bench, "GetObject"), 5);
});

t.test("an end that is longer than it is said to be is not taken", async (t) => {
  const bench = await storeThat(t, {
    GetObject: { status: 206, headers: { "content-range": "bytes 3-4/5" }, body: "45678" },
  });
  await rejectsWith(t, bench.it.readTail("key", 2), "STORE_UNREACHABLE");
  t.equal(count(bench, "GetObject"), 4);
});

t.test("an upload without an id, or a part without an ETag, cannot go on", async (t) => {
  const id = {
    body: "<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>",
  };
  const cases = [
    [
      { CreateMultipartUpload: { body: "<InitiateMultipartUploadResult/>" } },
      /its answer has no id/,
      ["begun"],
    ],
    [{ CreateMultipartUpload: id, UploadPart: {} }, /no ETag for part [12]/, ["multipart"]],
  ] as const;
  for (const [answers, words, leftovers] of cases) {
    const { it } = await storeThat(t, answers);
    const noted = new LeftoverNotes();
    const upload = await it.create("key", { overwrite: false, ...noted.options });
    const writing = async (): Promise<void> => {
      await upload.write(testBytes(9 * MiB));
      await upload.complete();
    };
    t.match((await rejectsWith(t, writing(), "STORE_FAILED")).message, words);
    await upload.abort();
    t.strictSame(
      noted.leftovers.map(({ kind }) => kind),
      leftovers,
    );
  }
});

const onePart = { body: "<ListPartsResult><Part><PartNumber>1</PartNumber></Part></ListPartsResult>" };
const noParts = { body: "<ListPartsResult></ListPartsResult>" };

t.test("an upload is aborted until no part is left of it that was on its way", async (t) => {
  const leftover = { kind: "multipart", key: "key", uploadId: "id" } as const;
  const AbortMultipartUpload = { status: 204 };
  const bench = await storeThat(t, { AbortMultipartUpload, ListParts: [onePart, noParts] });
  await bench.it.discard(leftover);
  t.equal(count(bench, "AbortMultipartUpload"), 2);

  const endless = await storeThat(t, { AbortMultipartUpload, ListParts: onePart });
  const error = await rejectsWith(t, endless.it.discard(leftover), "STORE_FAILED");
  t.match(error.message, /still has parts/);
  t.match(error.hint, /next start of the gateway/);
  t.equal(count(endless, "AbortMultipartUpload"), 5);
});

/** What a store says of its unfinished uploads to `key`; the begin of `two` it does not tell. */
const uploadsInPages: readonly Answer[] = [
  {
    body: `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>
      <NextKeyMarker>key</NextKeyMarker><NextUploadIdMarker>one</NextUploadIdMarker>
      <Upload><Key>key</Key><UploadId>one</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>
      </ListMultipartUploadsResult>`,
  },
  {
    body: `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>
      <Upload><Key>key</Key><UploadId>two</UploadId></Upload><Upload><Key>key</Key></Upload>
      </ListMultipartUploadsResult>`,
  },
];

t.test("unused uploads are found on every page; one of unknown age may be another writer's", async (t) => {
  const bench = await storeThat(t, {
    ListMultipartUploads: uploadsInPages,
    ListParts: noParts,
    AbortMultipartUpload: { status: 204 },
  });
  const error = await rejectsWith(t, bench.it.discard({ kind: "begun", key: "key" }), "STORE_FAILED");
  t.match(error.message, /may be another writer's/);
  t.strictSame(idsOf(bench, "AbortMultipartUpload"), ["one"], "by our clock, where the store tells no time");
  const [, second] = bench.asked.filter(({ operation }) => operation === "ListMultipartUploads");
  t.equal(second?.query.get("key-marker"), "key");
  t.equal(second?.query.get("upload-id-marker"), "one");
});

t.test("an upload with a part of unknown size is somebody's work", async (t) => {
  const bench = await storeThat(t, {
    ListMultipartUploads: [uploadsInPages[0] ?? {}, {}],
    ListParts: onePart,
  });
  await bench.it.discard({ kind: "begun", key: "key" });
  t.equal(count(bench, "AbortMultipartUpload"), 0);
});

t.test("every upload of a probe is taken away, whatever its age", async (t) => {
  const bench = await storeThat(t, {
    ListMultipartUploads: uploadsInPages,
    ListParts: noParts,
    AbortMultipartUpload: { status: 204 },
    DeleteObject: { status: 204 },
  });
  await bench.it.discard({ kind: "probe", key: "key" });
  t.strictSame(idsOf(bench, "AbortMultipartUpload"), ["one", "two"]);
  t.equal(count(bench, "DeleteObject"), 1);
});

t.test("a list of uploads that is denied is an error", async (t) => {
  const denied = { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" };
  const { it } = await storeThat(t, { ListMultipartUploads: denied });
  await rejectsWith(t, it.discard({ kind: "begun", key: "key" }), "STORE_DENIED");
});

t.test("what is not there any more need not be removed", async (t) => {
  const bench = await storeThat(t, { DeleteObject: noObject });
  await bench.it.remove("key");
  t.equal(count(bench, "DeleteObject"), 1);
});

t.test("an empty list holds nothing, and a leftover of a local store is refused", async (t) => {
  const { it } = await storeThat(t, { ListObjectsV2: { body: "<ListBucketResult></ListBucketResult>" } });
  t.strictSame(await keysOf(it.list("")), []);
  t.equal(it.locate("acme/1"), "s3://bucket/acme/1");
  await rejectsWith(t, it.discard({ kind: "partial-file", path: "/partial" }), "REQUEST_INVALID");
});

t.test("Amazon's own S3 is trusted to heed the condition, without a probe", async (t) => {
  const lookup = dns.lookup.bind(dns);
  const here = (_: string, options: dns.LookupOptions, done: (error: Error | null) => void): void => {
    lookup("127.0.0.1", options, done);
  };
  t.intercept(dns, "lookup", { value: here });
  syncBuiltinESMExports();
  t.teardown(syncBuiltinESMExports);
  const stored = { headers: { "content-length": 10 } };
  const bench = await storeThat(
    t,
    { HeadObject: [noObject, stored], PutObject: {} },
    "s3.eu-central-1.amazonaws.com",
    {},
  );
  const { overwriteGuard } = await storeArchive(bench.it, "key", testBytes(10));
  t.equal(overwriteGuard, "atomic");
  t.strictSame(bench.it.abilities(), { put: true });
  t.equal(count(bench, "PutObject"), 1);
});

function idsOf({ asked }: Bench, operation: S3Operation): (string | null)[] {
  return asked.filter((one) => one.operation === operation).map(({ query }) => query.get("uploadId"));
}
