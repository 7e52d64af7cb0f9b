/** docs/runbooks.md, followed to the letter: its blocks are run by `sh`, on machines that have nothing else. */
import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { missing } from "../support/needs.js";
import { Book } from "./book.js";
import { rotation } from "./keys.js";
import { aMove, aRestore, archivesAlone } from "./tenants.js";
import { encrypted, fromATarball, fromS3 } from "./whole-gateway.js";
import { withoutTheProgram } from "./without-program.js";

const skip = await missing({ programs: ["rclone", "zstd", "tar", "age", "curl", "openssl"] });
const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const book = new Book();
  await t.test("300 tenants are lost, and come back from S3", { skip }, (t) => fromS3(t, book, s3));
  await t.test("a gateway comes back from a tarball, and over what is there", { skip }, (t) =>
    fromATarball(t, book, s3),
  );
  await t.test("a gateway comes back from an encrypted backup", { skip }, (t) => encrypted(t, book, s3));
  await t.test("a tenant comes back on a gateway that runs", { skip }, (t) => aRestore(t, book, s3));
  await t.test("a tenant moves to another gateway", { skip }, (t) => aMove(t, book, s3));
  await t.test("tenants come back from their archives alone", { skip }, (t) => archivesAlone(t, book, s3));
  await t.test("archives are opened without this program", { skip }, (t) => withoutTheProgram(t, book, s3));
  await t.test("keys are rotated", { skip }, (t) => rotation(t, book, s3));
  t.test("no block was left out", { skip }, (t) => {
    t.same(book.unread, []);
    t.end();
  });
}
