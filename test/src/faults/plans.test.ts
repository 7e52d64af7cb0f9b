import t from "tap";
import { classOf } from "./agent/points.js";
import { deaths, failingCalls, isPlausible } from "./faults.js";
import { networkCombinations } from "./network-faults.js";
import { tableOf } from "./row.js";

const faultsAt = (combinations: readonly { point: string; hit: number; fault: string }[], point: string) =>
  combinations.filter((one) => one.point === point).map(({ hit, fault }) => `${fault} ${hit}`);

t.test("each call that a run makes fails, the first time and the last", (t) => {
  const trace = [
    ...Array.from({ length: 5 }, () => "write-thread write staged entry"),
    "gateway rename slot → trash",
    "job-thread post progress",
  ];
  const combinations = failingCalls("restore", trace, false);
  t.same(faultsAt(combinations, "write-thread write staged entry"), ["EIO 1", "ENOSPC 1", "ENOSPC 5"]);
  t.same(faultsAt(combinations, "gateway rename slot → trash"), ["EIO 1", "EROFS 1"]);
  const all = failingCalls("restore", trace, true);
  t.same(faultsAt(all, "gateway rename slot → trash"), ["EIO 1", "ENOSPC 1", "EROFS 1"]);
  t.same(faultsAt(combinations, "job-thread post progress"), [], "what depends on time is no point");
  t.end();
});

t.test("what can die, dies at every point that changes something", (t) => {
  const trace = ["helper create database copy", "write-thread write staged entry", "gateway stat slot"];
  const combinations = deaths("restore", trace);
  t.same(faultsAt(combinations, "helper create database copy"), ["SIGKILL 1", "SIGTERM 1", "dies 1"]);
  t.same(faultsAt(combinations, "write-thread write staged entry"), ["SIGKILL 1", "out of memory 1"]);
  t.same(faultsAt(combinations, "gateway stat slot"), [], "reading changes nothing");
  t.end();
});

t.test("each request of a run meets all that can befall it", (t) => {
  const requests = ["HeadObject", "UploadPart", "UploadPart", "UploadPart"] as const;
  const once = networkCombinations("backup", requests, undefined, false);
  const ofUploadPart = once.filter(({ point }) => point === "UploadPart");
  const names = ofUploadPart.map(({ fault }) => fault);
  t.equal(new Set(names).size, names.length, "each fault once");
  t.same([...new Set(ofUploadPart.map(({ hit }) => hit))].sort(), [1, 2, 3], "at one part or another");
  t.notOk(
    once.some(({ point, fault }) => point === "HeadObject" && fault === "request altered"),
    "a request without a body cannot be altered",
  );
  const everyTime = networkCombinations("backup", requests, undefined, true);
  const resets = everyTime.filter(({ fault }) => fault === "connection reset");
  t.same(
    resets.map(({ point, hit }) => `${point} ${hit}`),
    ["HeadObject 1", "UploadPart 1", "UploadPart 2", "UploadPart 3"],
  );
  t.equal(
    everyTime.filter(({ fault }) => fault === "403 AccessDenied").length,
    2,
    "what does not pass, once",
  );
  t.end();
});

t.test("paths that play the same role are one point", (t) => {
  const settings = { stateDirectory: "/s", archives: "/a" };
  const classes = {
    "/s/tenants/acme/sessions/x.jsonl": "tenant's entry",
    "/s/tenants/acme/memory/main.sqlite": "database",
    "/s/tenants/acme": "slot",
    "/s/tenants/.staging/j1/tree/a/b": "staged entry",
    "/s/tenants/.staging/j1/tree/tenant.json": "staged tenant.json",
    "/s/tenants/.trash/j1/tree": "trashed tree",
    "/s/backup/ledger.sqlite-wal": "ledger",
    "/s/backup/tmp/j1/0.sqlite": "database copy",
    "/a/deep/.openclaw-0.partial": "partial archive",
    "/a/deep/x.tar.zst": "archive",
    "/a": "archive directory",
  };
  for (const [path, name] of Object.entries(classes)) t.equal(classOf(path, settings), name, path);
  t.equal(classOf("/usr/lib/x.js", settings), undefined, "what is not the gateway's is no point");
  t.equal(classOf("/sx/tenants", settings), undefined);
  t.end();
});

t.test("an error must fit its fault", (t) => {
  t.ok(isPlausible("ENOSPC", "DISK_FULL"));
  t.notOk(isPlausible("ENOSPC", "IO_FAILED"));
  t.notOk(isPlausible("unknown", "IO_FAILED"));
  t.end();
});

t.test("the table shows each combination and what it violated", (t) => {
  const row = { scenario: "backup", point: "p", hit: 1, fault: "EIO", ended: "failed", code: "IO_FAILED" };
  const lines = tableOf("disk", [
    { ...row, checked: ["state", "trees"], violations: [] },
    { ...row, checked: [], violations: ["no hint"] },
  ]);
  t.match(lines, [
    "disk: 2 combinations of point and fault; 2 failed (IO_FAILED)",
    /^scenario \| point \| hit \| fault \| ended +\| error +\| checked/,
    /^backup .*IO_FAILED \| state, trees/,
    /VIOLATED: no hint$/,
  ]);
  t.end();
});
