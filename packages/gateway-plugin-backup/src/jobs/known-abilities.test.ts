import t from "tap";
import type { S3StoreSettings } from "../stores/settings.js";
import { KnownAbilities } from "./known-abilities.js";

await t.test("what one job learned of a bucket serves the next, and no other bucket or endpoint", (t) => {
  const known = new KnownAbilities();
  const settings: S3StoreSettings = { kind: "s3", bucket: "a", endpoint: "http://one" };
  t.equal(known.apply(settings), settings);
  known.learn(settings, { put: true, complete: false });
  t.same(known.apply(settings), { ...settings, abilities: { put: true, complete: false } });
  for (const other of [
    { ...settings, bucket: "b" },
    { ...settings, endpoint: "http://two" },
  ]) {
    t.equal(known.apply(other), other);
  }
  const aws: S3StoreSettings = { kind: "s3", bucket: "a" };
  known.learn(aws, { put: true });
  t.same(known.apply(aws), { ...aws, abilities: { put: true } });
  t.match(known.apply(settings), { abilities: { complete: false } }, "AWS has no endpoint");
  known.learn(settings, { copy: false });
  t.match(known.apply(settings), { abilities: { put: true, complete: false, copy: false } }, "it adds up");
  const local = { kind: "local", roots: ["/"] } as const;
  known.learn(local, { put: true });
  t.equal(known.apply(local), local);
  t.end();
});
