import t, { type Test } from "tap";
import { startFaultProxy, type FaultProxy, type ProxyFault } from "../../test-support/fault-proxy.js";
import { s3ForTests } from "../../test-support/s3-for-tests.js";
import type { CheckFinding, StoreCheck } from "../check/report.js";
import type { Leftover } from "../store.js";
import type { BucketOptions } from "./bucket.js";
import { checkBucket } from "./check.js";
import { providerOf } from "./providers.js";

const s3 = await s3ForTests(t);

/** Time passes only in sleeps, so that repetitions take none. */
function fastTiming(): BucketOptions {
  let now = 0;
  const sleep = (milliseconds: number): Promise<void> => {
    now += milliseconds;
    return Promise.resolve();
  };
  return {
    timing: { now: () => now, sleep, random: () => 0.5 },
    timeouts: { connectMs: 5000, idleMs: 5000 },
  };
}

interface Bench {
  readonly proxy: FaultProxy;
  readonly bucket: string;
  readonly noted: Set<string>;
  readonly check: (now?: number, signal?: AbortSignal) => Promise<StoreCheck>;
  /** What is in the bucket, unfinished uploads included. */
  readonly remains: () => Promise<number>;
}

async function bench(t: Test, store: NonNullable<typeof s3>): Promise<Bench> {
  const proxy = await startFaultProxy(t, store.endpoint);
  const bucket = await store.newBucket();
  const noted = new Set<string>();
  const options = (now: number, signal: AbortSignal) => ({
    onLeftover: (leftover: Leftover) => {
      noted.add(JSON.stringify(leftover));
      return Promise.resolve();
    },
    onGone: (leftover: Leftover) => void noted.delete(JSON.stringify(leftover)),
    onStep: () => undefined,
    signal,
    now: () => now,
  });
  return {
    proxy,
    bucket,
    noted,
    check: (now = Date.now(), signal = new AbortController().signal) =>
      checkBucket(
        { ...store.settings(bucket), endpoint: proxy.endpoint },
        "gw/",
        options(now, signal),
        fastTiming(),
      ),
    remains: async () =>
      (await store.objects(bucket)).length + (await store.unfinishedUploads(bucket)).length,
  };
}

function outcomes(findings: readonly CheckFinding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ what, outcome }) => [what, outcome]));
}

const denied: ProxyFault = { kind: "refuse", status: 403, name: "AccessDenied" };
const unknown: ProxyFault = { kind: "refuse", status: 501, name: "NotImplemented" };

if (s3 !== undefined) {
  await t.test("a store is told by what it does, and nothing of the check stays in it", async (t) => {
    const { check, remains, noted, proxy } = await bench(t, s3);
    const { findings, abilities, speed, leftBehind } = await check();
    t.match(outcomes(findings), {
      write: "ok",
      read: "ok",
      range: "ok",
      suffixRange: "ok",
      list: "ok",
      overwriteGuard: "ok",
      multipart: "ok",
      copy: "ok",
      abort: "ok",
      listUploads: "ok",
      versioning: "info",
      objectLock: "info",
      clock: "ok",
      delete: "ok",
    });
    t.match(abilities, { put: true, copy: true });
    t.equal(typeof abilities.complete, "boolean");
    t.type(speed?.latencyMs, "number");
    t.strictSame([leftBehind, await remains(), noted.size], [[], 0, 0]);
    t.ok(
      proxy.seen.every(
        ({ path, operation }) =>
          path.includes("/gw/.openclaw-check-") || operation === "other" || /^List/.test(operation),
      ),
    );
  });

  await t.test("a bucket that keeps versions is left without any of the check's", async (t) => {
    const { check, bucket, noted } = await bench(t, s3);
    await s3.keepVersions(bucket);
    const { findings, leftBehind } = await check();
    t.match(
      findings.find(({ what }) => what === "versioning"),
      { message: /keeps versions/ },
    );
    t.strictSame([leftBehind, noted.size, await s3.versions(bucket)], [[], 0, 0]);
  });

  await t.test("what a store refuses is named, with what follows", async (t) => {
    for (const [when, what] of [
      ["ListObjectsV2", "list"],
      ["ListMultipartUploads", "listUploads"],
      ["UploadPartCopy", "copy"],
    ] as const) {
      const { check, proxy, remains } = await bench(t, s3);
      proxy.inject({ when, fault: unknown, times: Infinity });
      const { findings, abilities } = await check();
      const finding = findings.find((it) => it.what === what);
      t.match(finding, { outcome: "lacking", consequence: /./ }, what);
      t.equal(outcomes(findings)["multipart"], "ok");
      if (what === "copy")
        t.match(
          { finding, abilities },
          { finding: { consequence: /full upload/ }, abilities: { copy: false } },
        );
      t.equal(await remains(), 0);
    }
  });

  await t.test("a store that ignores conditions is no guard against overwriting", async (t) => {
    const { check, proxy } = await bench(t, s3);
    let guarded = 0;
    proxy.inject({
      when: ({ operation, headers }) =>
        operation === "PutObject" && headers["if-none-match"] !== undefined && ++guarded === 2,
      fault: { kind: "refuse", status: 200, body: "" },
      times: Infinity,
    });
    t.match((await check()).abilities, { put: false });
    proxy.heal();
    proxy.inject({
      when: ({ operation, headers }) => operation === "PutObject" && headers["if-none-match"] !== undefined,
      fault: unknown,
      times: Infinity,
    });
    const { findings, abilities } = await check();
    t.equal(abilities.put, undefined);
    t.match(
      findings.find(({ what }) => what === "overwriteGuard"),
      { outcome: "lacking", message: /NotImplemented/ },
    );
    proxy.heal();
    proxy.inject({
      when: ({ operation, headers }) =>
        operation === "CompleteMultipartUpload" && headers["if-none-match"] !== undefined,
      fault: { kind: "refuse", status: 412, name: "PreconditionFailed" },
    });
    t.match((await check()).abilities, { complete: true });
    proxy.inject({
      when: ({ operation, headers }) =>
        operation === "CompleteMultipartUpload" && headers["if-none-match"] !== undefined,
      fault: unknown,
    });
    t.match(outcomes((await check()).findings), { multipart: "ok", multipartGuard: "lacking" });
  });

  await t.test(
    "a store that wants equal parts is found out; one that takes none cannot be used",
    async (t) => {
      const { check, proxy, remains } = await bench(t, s3);
      const refused: ProxyFault = { kind: "refuse", status: 400, name: "InvalidPart" };
      proxy.inject({ when: "CompleteMultipartUpload", fault: refused });
      const { findings, abilities } = await check();
      t.match(abilities, { equalParts: true, copy: true });
      t.match(outcomes(findings), { equalParts: "info", multipart: "ok" });
      proxy.inject({ when: "CompleteMultipartUpload", fault: refused, times: Infinity });
      t.match(outcomes((await check()).findings), { multipart: "failed" });
      proxy.heal();
      proxy.inject({ when: "CompleteMultipartUpload", fault: denied, times: Infinity });
      t.match(outcomes((await check()).findings), { multipart: "denied" });
      proxy.heal();
      proxy.inject({ when: "CreateMultipartUpload", fault: unknown, times: Infinity });
      t.match(await check(), { abilities: { copy: undefined } });
      t.match(outcomes((await check()).findings), { multipart: "failed", delete: "ok" });
      t.equal(await remains(), 0);
    },
  );

  await t.test("a store that copies something else than it was told is not asked to copy", async (t) => {
    const { check, proxy } = await bench(t, s3);
    const ofParts = ({ operation, path }: { operation: string; path: string }): boolean =>
      operation === "GetObject" && path.endsWith("-parts");
    proxy.inject({ when: ofParts, fault: { kind: "corrupt-answer", at: 100 } });
    const { findings, abilities } = await check();
    t.match(outcomes(findings), { multipart: "ok", copy: "lacking" });
    t.equal(abilities.copy, false);
    proxy.inject({ when: ofParts, fault: { kind: "corrupt-answer", at: 100 }, times: 2 });
    t.match(outcomes((await check()).findings), { multipart: "failed", copy: "lacking" });
  });

  await t.test("a store that gives back something else than it was given fails", async (t) => {
    const { check, proxy, remains } = await bench(t, s3);
    const source =
      (range?: RegExp) =>
      (request: { operation: string; path: string; headers: { range?: string | undefined } }) =>
        request.operation === "GetObject" &&
        request.path.endsWith("-source") &&
        (range === undefined ? request.headers.range === undefined : range.test(request.headers.range ?? ""));
    const wrong: ProxyFault = { kind: "corrupt-answer", at: 5 };
    proxy.inject({ when: source(), fault: wrong });
    const { findings, speed } = await check();
    t.match([outcomes(findings), speed], [{ write: "ok", read: "failed", multipart: undefined }, undefined]);
    proxy.inject({ when: source(), fault: denied });
    t.match(outcomes((await check()).findings), { read: "denied", delete: "ok" });
    proxy.inject({ when: source(/=100-/), fault: wrong });
    proxy.inject({ when: source(/=-16/), fault: wrong });
    t.match(outcomes((await check()).findings), { read: "ok", range: "failed", suffixRange: "lacking" });
    proxy.inject({ when: source(/=100-/), fault: unknown });
    t.match(outcomes((await check()).findings), { range: "failed", suffixRange: undefined });
    proxy.inject({ when: source(/=-16/), fault: unknown });
    t.match(outcomes((await check()).findings), { range: "ok", suffixRange: "lacking" });
    t.equal(await remains(), 0);
  });

  await t.test("credentials that may not write, or not remove, are named", async (t) => {
    const { check, proxy, noted, remains } = await bench(t, s3);
    proxy.inject({ when: "PutObject", fault: denied, times: Infinity });
    const { findings, abilities } = await check();
    t.match([outcomes(findings), abilities], [{ write: "denied", read: undefined, delete: "ok" }, {}]);
    proxy.heal();
    proxy.inject({ when: "HeadObject", fault: denied });
    proxy.inject({ when: "GetObject", fault: denied });
    t.match(
      outcomes((await check()).findings),
      { write: "ok" },
      "credentials that may not list are told so of what is not there",
    );
    proxy.inject({ when: "DeleteObject", fault: denied, times: Infinity });
    const stuck = await check();
    t.match(stuck.findings.at(-1), { what: "delete", outcome: "denied", message: /s3:.*openclaw-check/ });
    t.strictSame([stuck.leftBehind.length, noted.size, await remains()], [3, 3, 3]);
  });

  await t.test("a store that only says that it has removed something is found out", async (t) => {
    const { check, proxy, noted } = await bench(t, s3);
    proxy.inject({
      when: ({ operation, path }) => operation === "DeleteObject" && path.endsWith("-guard"),
      fault: { kind: "refuse", status: 204 },
      times: Infinity,
    });
    t.match(await check(), { leftBehind: [/-guard$/] });
    t.equal(noted.size, 1);
    proxy.heal();
    proxy.inject({
      when: ({ operation, path }) => operation === "DeleteObject" && path.endsWith("-guard"),
      fault: { kind: "refuse", status: 204 },
    });
    t.match(await check(), { leftBehind: [] }, "asked twice, it does");
  });

  await t.test("an object that is not listed, and an upload that stays, are told", async (t) => {
    const { check, proxy } = await bench(t, s3);
    const empty = (name: string): ProxyFault => ({
      kind: "refuse",
      status: 200,
      body: `<${name}></${name}>`,
    });
    proxy.inject({ when: "ListObjectsV2", fault: empty("ListBucketResult"), times: Infinity });
    proxy.inject({ when: "ListMultipartUploads", fault: empty("ListMultipartUploadsResult") });
    proxy.inject({ when: "AbortMultipartUpload", fault: { kind: "refuse", status: 204 }, skip: 2 });
    const { findings } = await check();
    t.match(outcomes(findings), { list: "lacking", listUploads: "lacking" });
    proxy.heal();
    proxy.inject({
      when: ({ operation, path }) => operation === "ListParts" && path.endsWith("-aborted"),
      fault: empty("ListPartsResult"),
      times: Infinity,
    });
    t.match(outcomes((await check()).findings), { abort: "lacking" });
    proxy.heal();
    proxy.inject({
      when: ({ operation, path }) => operation === "CreateMultipartUpload" && path.endsWith("-aborted"),
      fault: unknown,
    });
    t.match(outcomes((await check()).findings), { abort: "lacking", listUploads: undefined });
  });

  await t.test("a store that says what it is, is told with its peculiarities", async (t) => {
    const { check, proxy } = await bench(t, s3);
    for (const [server, consequence] of [
      ["MinIO", undefined],
      ["Ceph Object Gateway (squid)", /'%'/],
    ] as const) {
      proxy.inject({ when: () => true, fault: { kind: "rewrite", headers: { server } }, times: Infinity });
      proxy.inject({ when: "ListMultipartUploads", fault: denied, times: Infinity });
      const { findings } = await check();
      t.match(
        findings.find(({ what }) => what === "provider"),
        { outcome: "info", consequence },
      );
      proxy.heal();
    }
    proxy.inject({ when: "ListMultipartUploads", fault: denied, times: Infinity });
    const isConditional = ({ operation, headers }: { operation: string; headers: object }): boolean =>
      operation === "PutObject" && "if-none-match" in headers;
    proxy.inject({ when: isConditional, fault: unknown, skip: 1 });
    t.match(outcomes((await check()).findings), {
      listUploads: "denied",
      overwriteGuard: "lacking",
      delete: "ok",
    });
  });

  await t.test("clocks that differ are told", async (t) => {
    const { check } = await bench(t, s3);
    const { findings } = await check(Date.now() + 3_600_000);
    t.match(
      findings.find(({ what }) => what === "clock"),
      { outcome: "lacking", message: /36\d\d s/ },
    );
  });

  await t.test("object lock is told with its default time", async (t) => {
    const { check, proxy } = await bench(t, s3);
    const isLock = ({ operation, path }: { operation: string; path: string }): boolean =>
      operation === "other" && !path.includes("versioning");
    const configuration = (rule: string): ProxyFault => ({
      kind: "refuse",
      status: 200,
      body: `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`,
    });
    const rule = (period: string): string =>
      `<Rule><DefaultRetention><Mode>GOVERNANCE</Mode>${period}</DefaultRetention></Rule>`;
    const found = async (fault: ProxyFault): Promise<CheckFinding | undefined> => {
      // The first question is about versions.
      proxy.inject({ when: isLock, fault, skip: 1 });
      const { findings } = await check();
      proxy.heal();
      return findings.find(({ what }) => what === "objectLock");
    };
    t.match(await found(configuration("")), { message: "The bucket can lock objects." });
    t.match(await found(configuration(rule("<Days>3</Days>"))), {
      message: /3 days \(GOVERNANCE\)/,
      consequence: /./,
    });
    t.match(await found(configuration(rule("<Years>1</Years>"))), { message: /1 years/ });
    t.match(await found(denied), { outcome: "denied" });
    proxy.inject({ when: isLock, fault: denied });
    t.match(outcomes((await check()).findings), { versioning: "denied", objectLock: "info" });
  });

  await t.test("a store that is out of reach, or has no such bucket, ends the check", async (t) => {
    const { check, proxy, noted } = await bench(t, s3);
    proxy.inject({
      when: "HeadObject",
      fault: { kind: "refuse", status: 403, name: "SignatureDoesNotMatch" },
    });
    proxy.inject({
      when: "GetObject",
      fault: { kind: "refuse", status: 403, name: "SignatureDoesNotMatch" },
    });
    await t.rejects(check(), { code: "STORE_DENIED" });
    proxy.inject({ when: "UploadPartCopy", fault: { kind: "reset" }, times: Infinity });
    await t.rejects(check(), { code: "STORE_UNREACHABLE" });
    t.equal(noted.size, 0, "what had been made was taken away");
    proxy.heal();
    const stop = new AbortController();
    const stopped = check(Date.now(), stop.signal);
    await proxy.until(() => proxy.count("PutObject") > 2);
    stop.abort(new Error("stopped"));
    await t.rejects(stopped, /stopped/);
    t.equal(noted.size, 0);
  });
}

t.test("providers are known by their hosts, or by what they call themselves", (t) => {
  t.equal(providerOf("s3.eu-central-1.amazonaws.com", "AmazonS3")?.name, "Amazon S3");
  t.equal(providerOf("abc.r2.cloudflarestorage.com", "cloudflare")?.name, "Cloudflare R2");
  t.match(providerOf("storage.googleapis.com", "UploadServer")?.quirks, [/full upload/]);
  t.equal(providerOf("127.0.0.1", "MinIO")?.name, "MinIO");
  t.equal(providerOf("rgw.example.com", "Ceph Object Gateway (squid)")?.name, "Ceph");
  t.equal(providerOf("evil-amazonaws.com.example.com", "nginx"), undefined);
  t.end();
});
