import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { channelsToPairAgain, disableSchedules, readTenantJson, replaceFile } from "./restored-files.js";

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

await t.test("every schedule of a copy is switched off, the rest of the file stays", (t) => {
  const jobs = [{ name: "nightly", enabled: true }, { name: "implied" }, { name: "off", enabled: false }];
  const tree = t.testdir({ cron: { "jobs.json": JSON.stringify({ version: 1, note: "x", jobs }) } });
  t.equal(disableSchedules(tree), 2);
  t.same(read(join(tree, "cron/jobs.json")), {
    version: 1,
    note: "x",
    jobs: jobs.map((job) => ({ ...job, enabled: false })),
  });
  t.equal(disableSchedules(tree), 0);
  t.end();
});

await t.test("a tenant without schedules is left alone", (t) => {
  t.equal(disableSchedules(t.testdir({})), 0);
  t.equal(disableSchedules(t.testdir({ cron: "a file" })), 0);
  t.end();
});

await t.test("schedules that cannot be understood are set aside", (t) => {
  for (const text of ["{", "[]", '{"jobs": {}}', '{"jobs": [1]}', "null", " ".repeat(1024 * 1024 + 1)]) {
    const tree = t.testdir({ cron: { "jobs.json": text } });
    t.equal(disableSchedules(tree), 0);
    t.notOk(existsSync(join(tree, "cron/jobs.json")));
    t.equal(readFileSync(join(tree, "cron/jobs.json.disabled"), "utf8"), text);
  }
  t.end();
});

await t.test("a schedules file that is a link is set aside, and what it points at is not touched", (t) => {
  const tree = t.testdir({ cron: {}, workspace: { "mine.json": '{"jobs":[{"enabled":true}]}' } });
  symlinkSync("../workspace/mine.json", join(tree, "cron/jobs.json"));
  t.equal(disableSchedules(tree), 0);
  t.same(read(join(tree, "workspace/mine.json")), { jobs: [{ enabled: true }] });
  t.notOk(existsSync(join(tree, "cron/jobs.json")));
  t.end();
});

await t.test("replacing a link replaces the link, not its target", (t) => {
  const tree = t.testdir({ target: "kept" });
  symlinkSync("target", join(tree, "tenant.json"));
  replaceFile(join(tree, "tenant.json"), "new");
  t.equal(readFileSync(join(tree, "target"), "utf8"), "kept");
  t.equal(readFileSync(join(tree, "tenant.json"), "utf8"), "new");
  t.end();
});

await t.test("channels that are paired by QR code are named", (t) => {
  const tree = t.testdir({ channels: { telegram: {}, "whatsapp-main": {}, WhatsApp: {} } });
  t.same(channelsToPairAgain(tree), ["WhatsApp", "whatsapp-main"]);
  t.same(channelsToPairAgain(t.testdir({})), []);
  mkdirSync(join(tree, "x"));
  writeFileSync(join(tree, "x/channels"), "");
  t.same(channelsToPairAgain(join(tree, "x")), []);
  t.end();
});

await t.test("what cannot be looked at is an error, not an absence", (t) => {
  const tree = t.testdir({});
  symlinkSync("channels", join(tree, "channels"));
  t.throws(() => channelsToPairAgain(tree), { code: "ELOOP" });
  t.throws(() => readTenantJson(join(tree, "n".repeat(5000))), { code: "ENAMETOOLONG" });
  t.end();
});

await t.test("a tenant.json that is no file is no record", (t) => {
  t.equal(readTenantJson(t.testdir({ "tenant.json": {} })), undefined);
  t.equal(readTenantJson(t.testdir({ "tenant.json": "{}" })), "{}");
  t.end();
});
