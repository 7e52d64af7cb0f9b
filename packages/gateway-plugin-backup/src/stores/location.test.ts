import fc from "fast-check";
import t from "tap";
import { joinKey, parseLocation } from "./location.js";

await t.test("the three forms of a location", (t) => {
  t.same(parseLocation("s3://my-bucket/acme/a.tar.zst"), {
    kind: "s3",
    bucket: "my-bucket",
    key: "acme/a.tar.zst",
  });
  t.same(parseLocation("s3://my-bucket"), { kind: "s3", bucket: "my-bucket", key: "" });
  t.same(parseLocation("dest:offsite"), { kind: "destination", name: "offsite", key: "" });
  t.same(parseLocation("dest:offsite/x/"), { kind: "destination", name: "offsite", key: "x/" });
  t.same(parseLocation("/var/backups/a.tar.zst"), { kind: "path", path: "/var/backups/a.tar.zst" });
  t.end();
});

await t.test("what is no location is refused with a hint", (t) => {
  for (const text of [
    "",
    "acme.tar.zst",
    "../acme.tar.zst",
    "s3://",
    "s3:///key",
    "s3://b/key",
    "dest:",
    "dest:/key",
    "s3://bucket/../key",
    "s3://bucket/a/./b",
    "s3://bucket/a//b",
    "s3://bucket//a",
    "s3://bucket/a\0b",
    "/a/../b",
    "//a",
    `s3://bucket/${"k".repeat(1025)}`,
    "https://host/key",
  ]) {
    t.throws(
      () => parseLocation(text),
      { code: "LOCATION_INVALID", exitCode: 2, hint: /s3:\/\/bucket\/key/ },
      text,
    );
  }
  t.end();
});

await t.test("a key that is accepted never leads upwards", (t) => {
  const segment = fc.constantFrom("a", "b.c", "..", ".", "", "...", "%2e%2e", "ü");
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (segments) => {
      const key = segments.join("/");
      const bad = segments.some((s, i) => s === ".." || s === "." || (s === "" && i < segments.length - 1));
      try {
        parseLocation(`s3://bucket/${key}`);
        return !bad;
      } catch {
        return bad;
      }
    }),
  );
  t.end();
});

await t.test("keys are joined with single slashes", (t) => {
  t.equal(joinKey("prod/eu1/", "/tenants", "acme", "x"), "prod/eu1/tenants/acme/x");
  t.equal(joinKey("", "a", "b/"), "a/b/");
  t.equal(joinKey("", ""), "");
  t.end();
});

t.test("what may be a password before the host is not repeated", (t) => {
  for (const text of ["s3://key:s3cr3t@bucket/a", "s3://key:s3/cr3t@bucket/a", "https://user:s3cr3t@host/a"])
    t.throws(() => parseLocation(text), {
      code: "LOCATION_INVALID",
      message: /^'(s3|https):\/\/…@(bucket|host)\/a' is/,
    });
  t.end();
});
