import { mkdirSync, rmdirSync, statSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { AuditBed, entry, MARCH, verify } from "../test-support/audit.js";
import { runDoctor } from "../doctor/run.js";
import { BUDGET_PER_MINUTE } from "./audit-log.js";
import { auditCheck } from "./doctor.js";
import { fileName } from "./files.js";
import { listLines } from "./list.js";

const DAY_MS = 86_400_000;

t.test("lines are kept in order, in files for the owner only, and go on after a restart", async (t) => {
  const bed = new AuditBed(t);
  const first = await bed.open();
  for (let index = 0; index < 300; index += 1) first.record(entry({ result: String(index) }));
  await first.flush();
  t.equal(bed.lines().length, 301, "what is flushed is on disk");
  await first.close();
  const next = await bed.open();
  t.equal((await verify(next)).ok, true);
  await next.close();
  const lines = bed.lines();
  t.same(
    lines.map(({ seq }) => seq),
    lines.map((_, index) => index + 1),
  );
  t.same(
    lines.slice(1, 301).map(({ result }) => result),
    Array.from({ length: 300 }, (_, index) => String(index)),
  );
  t.same(
    lines.filter(({ actor }) => actor === "gateway").map(({ action }) => action),
    ["gateway.start", "gateway.stop", "gateway.start", "gateway.stop"],
  );
  t.equal(statSync(bed.directory).mode & 0o777, 0o700);
  t.equal(statSync(path.join(bed.directory, fileName(1))).mode & 0o777, 0o600);
});

t.test("a file is begun when one is full, under the number of its first line", async (t) => {
  const bed = new AuditBed(t);
  const log = await bed.open({ maxFileBytes: 2000 });
  for (let index = 0; index < 40; index += 1) log.record(entry());
  await log.close();
  t.ok(bed.files().length > 3);
  for (const name of bed.files()) {
    t.ok(bed.read(name).length <= 2000);
    t.equal(fileName((JSON.parse(bed.read(name).split("\n")[0] ?? "") as { seq: number }).seq), name);
  }
  const next = await bed.open({ maxFileBytes: 2000 });
  t.match(await verify(next), { ok: true, files: bed.files().length, lines: 43 });
  await next.close();
});

t.test("wherever a crash cuts the log off, the next start notes it and goes on", async (t) => {
  const whole = new AuditBed(t);
  const log = await whole.open({ maxFileBytes: 700 });
  log.record(entry());
  log.record(entry());
  await log.close();
  const names = whole.files();
  const text = whole.read(names.at(-1) ?? "");
  for (let length = 0; length < text.length; length += 7) {
    const bed = new AuditBed(t);
    mkdirSync(bed.directory);
    for (const name of names.slice(0, -1)) bed.write(name, whole.read(name));
    bed.write(names.at(-1) ?? "", text.slice(0, length));
    const cut = !(length === 0 || text[length - 1] === "\n");
    const complete = cut && text[length] === "\n";
    const next = await bed.open({ maxFileBytes: 700 });
    next.record(entry());
    t.match(await verify(next), { ok: true, torn: cut && !complete ? 1 : 0 }, `after ${length} bytes`);
    await next.close();
    const again = await bed.open({ maxFileBytes: 700 });
    t.equal((await verify(again)).ok, true);
    await again.close();
  }
});

t.test("a line that lacks its line break only is kept; crash upon crash is noted", async (t) => {
  const bed = new AuditBed(t);
  const log = await bed.open();
  await log.close();
  const [name = ""] = bed.files();
  bed.write(name, bed.read(name).trimEnd());
  const second = await bed.open();
  t.match(await verify(second), { ok: true, lines: 3, torn: 0 });
  await second.close();
  bed.write(name, `${bed.read(name)}{"seq":5,"ti`);
  await (await bed.open()).flush();
  const lines = bed.read(name).split("\n");
  const torn = lines.findIndex((line) => line.includes("audit.torn"));
  // The note itself was cut off, and what the disk gave back was zeros.
  bed.write(
    name,
    `${lines.slice(0, torn).join("\n")}\n${lines[torn]?.slice(0, 50) ?? ""}${"\0".repeat(200_000)}`,
  );
  const third = await bed.open();
  t.match(await verify(third), { ok: true, torn: 1 });
  await third.close();
  t.match(bed.lines().find(({ action }) => action === "audit.torn")?.details, { file: name, bytes: 200_063 });
});

t.test("a note does not cover anything else than what the start found", async (t) => {
  const bed = new AuditBed(t);
  await (await bed.open()).close();
  const [name = ""] = bed.files();
  bed.write(name, `${bed.read(name)}{"seq":3,"ti`);
  const log = await bed.open();
  await log.flush();
  bed.write(name, bed.read(name).replace('{"seq":3,"ti', '{"seq":3,"to'));
  t.match((await verify(log)).faults, [{ file: name, line: 3, problem: "is not a line of the log" }]);
  await log.close();
});

t.test(
  "what was tampered with stays found after a restart, and the gateway starts all the same",
  async (t) => {
    const said: object[] = [];
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
    const bed = new AuditBed(t, { ...log, error: (fields) => said.push(fields) });
    await (await bed.open()).close();
    const [name = ""] = bed.files();
    bed.write(name, `${bed.read(name).replace("gateway.start", "gateway.halt")}no line\n`);
    const next = await bed.open();
    t.match(said, [{ file: name, line: 1, problem: /was changed/ }]);
    t.match((await verify(next)).faults, [{ line: 1 }, { line: 3, problem: "is not a line of the log" }]);
    const { findings, worst } = await runDoctor([auditCheck(next)]);
    t.equal(worst, "critical");
    t.match(findings, [{ check: "audit-log", message: /tampered with.*line 1/, fix: /audit verify/ }]);
    await next.close();
  },
);

t.test("what cannot be read stops the start", async (t) => {
  const bed = new AuditBed(t);
  mkdirSync(path.join(bed.directory, fileName(1)), { recursive: true });
  await t.rejects(bed.open(), { code: "STATE_UNUSABLE", message: /audit/, exitCode: 1 });
});

t.test("what cannot be written waits, is told, and is written later", async (t) => {
  const bed = new AuditBed(t);
  const maxFileBytes = 65_536;
  const filler = "x".repeat(500);
  const log = await bed.open({ maxFileBytes });
  do {
    log.record(entry({ details: { filler } }));
    await log.flush();
  } while (
    bed.read(fileName(1)).length + (bed.read(fileName(1)).split("\n").at(-2)?.length ?? 0) <
    maxFileBytes
  );
  t.equal((await runDoctor([auditCheck(log)])).worst, "ok");
  const blocked = path.join(bed.directory, fileName(bed.lines().length + 1));
  mkdirSync(blocked);
  log.record(entry({ details: { filler } }));
  log.record(entry());
  await log.flush();
  t.match(log.health, { problem: /EISDIR/, waiting: 2, lost: 0 });
  t.match(await runDoctor([auditCheck(log)]), {
    worst: "critical",
    findings: [{ message: /cannot be written.*2 lines wait in memory/, fix: /Make room/ }],
  });
  for (let count = 0; count < 6000; count += 1) log.record(entry({ details: { filler } }));
  const { lost } = log.health;
  t.ok(lost > 0, `memory is bounded: ${lost} lines were given up`);
  rmdirSync(blocked);
  await log.tick();
  t.match(log.health, { problem: undefined, waiting: 0, lost });
  log.record(entry());
  t.match(await verify(log), { ok: true });
  t.match(
    bed.lines().filter(({ action }) => action === "audit.lost"),
    [{ details: { lines: lost } }],
  );
  t.match((await runDoctor([auditCheck(log)])).findings, [
    { message: `The audit log lacks ${lost} lines: ` },
  ]);
  await log.close();
});

t.test("whoever has no rights has a budget, and what goes beyond it is counted", async (t) => {
  const bed = new AuditBed(t);
  const log = await bed.open();
  for (let count = 0; count < 500; count += 1) log.record(entry({ actor: "anonymous" }), "refused anonymous");
  log.record(entry({ actor: "tenant:acme" }), "tenant:acme");
  await log.flush();
  const by = (actor: string) => bed.lines().filter((line) => line.actor === actor);
  t.equal(by("anonymous").length, BUDGET_PER_MINUTE);
  t.equal(by("tenant:acme").length, 1, "one does not use up another's");
  bed.now += 60_000;
  await log.tick();
  await log.flush();
  t.match(bed.lines().at(-1), {
    action: "audit.surplus",
    details: { of: "refused anonymous", lines: 500 - BUDGET_PER_MINUTE, since: "2026-03-07T02:00:00.000Z" },
  });
  for (let count = 0; count < 130; count += 1) log.record(entry({ actor: "anonymous" }), "refused anonymous");
  bed.now -= 3_600_000;
  log.record(entry({ actor: "anonymous" }), "refused anonymous");
  await log.close();
  t.equal(by("anonymous").length, 2 * BUDGET_PER_MINUTE + 1, "a clock that is set back keeps nobody out");
  t.equal(bed.lines().filter(({ action }) => action === "audit.surplus").length, 2);
});

t.test("old files go as a whole, the chain notes it, and what remains is whole", async (t) => {
  const bed = new AuditBed(t);
  const config = { maxFileBytes: 1, keepDays: 10 };
  const log = await bed.open(config);
  log.record(entry());
  const old = (await verify(log)).head;
  bed.now += 5 * DAY_MS;
  log.record(entry());
  bed.now += 6 * DAY_MS;
  await log.tick();
  t.same(
    bed.files().slice(0, 2),
    [fileName(2), fileName(3)],
    "the first line is older than 10 days, and so is the next",
  );
  t.match(await verify(log), { ok: true, first: { seq: 2 } });
  await log.read(async (snapshot) => {
    bed.now += 30 * DAY_MS;
    await log.prune();
    t.equal(snapshot.files[0]?.firstSeq, 2);
    t.ok(bed.files().includes(fileName(2)), "while somebody reads, nothing goes");
  });
  await log.prune();
  const found = await verify(log, old);
  t.match(found, { ok: true, noted: "pruned" });
  t.ok((found.first?.seq ?? 0) > 3);
  t.match(await verify(log, { seq: (found.first?.seq ?? 0) - 1, hash: "0".repeat(64) }), { ok: false });
  await log.close();
  const next = await bed.open(config);
  t.equal((await verify(next)).ok, true);
  await next.close();

  const names = bed.files();
  bed.write(names[1] ?? "", "no line\n");
  const third = await bed.open(config);
  bed.now += 100 * DAY_MS;
  await third.prune();
  t.ok(bed.files().includes(names[0] ?? ""), "what was tampered with is not tidied away");
  await third.close();
});

t.test("lines are listed newest first, by filter, and page by page over all files", async (t) => {
  const bed = new AuditBed(t);
  const log = await bed.open({ maxFileBytes: 3000 });
  for (let index = 0; index < 200; index += 1) {
    bed.now = MARCH + index * 60_000;
    log.record(
      entry({
        actor: index % 2 === 0 ? "admin" : "tenant:b",
        tenant: `t${index % 3}`,
        result: index % 10 === 0 ? "409" : "200",
      }),
    );
  }
  log.record(entry({ action: "job.backup", result: "failed", tenant: undefined }));
  const list = (filter: Parameters<typeof listLines>[1], options = { limit: 1000 }) =>
    log.read((snapshot) => listLines(snapshot, filter, options));
  const all = (await list({})).lines;
  t.same(
    all.map(({ seq }) => seq),
    Array.from({ length: 202 }, (_, index) => 202 - index),
  );
  t.equal((await list({ tenant: "t1" })).lines.length, 67);
  t.equal((await list({ actor: "tenant:b" })).lines.length, 100);
  t.equal((await list({ action: "DELETE" })).lines.length, 200);
  t.equal((await list({ result: "409" })).lines.length, 20);
  t.equal((await list({ failed: true })).lines.length, 21);
  const since = MARCH + 50 * 60_000;
  t.equal((await list({ since, until: since + 10 * 60_000 })).lines.length, 10);
  t.equal((await list({ since: MARCH + 3 * DAY_MS })).lines.length, 0, "and does not look further back");

  const paged: number[] = [];
  let before: number | undefined;
  do {
    const page = await list({ actor: "admin" }, { limit: 7, ...(before === undefined ? {} : { before }) });
    paged.push(...page.lines.map(({ seq }) => seq));
    before = page.next;
  } while (before !== undefined);
  t.same(
    paged,
    all.filter(({ actor }) => actor === "admin").map(({ seq }) => seq),
  );
  bed.write(bed.files()[1] ?? "", `${"x".repeat(300_000)}\n`);
  t.ok((await list({})).lines.length < 202, "what is no line is left out");
  await log.close();
});

t.test("a page ends after so many bytes, and the next one goes on there", async (t) => {
  const bed = new AuditBed(t);
  const log = await bed.open();
  for (let index = 0; index < 15; index += 1) {
    for (let count = 0; count < 1000; count += 1) log.record(entry({ details: { filler: "x".repeat(500) } }));
    await log.flush();
  }
  const page = await log.read((snapshot) => listLines(snapshot, { tenant: "none" }, { limit: 10 }));
  t.same(page.lines, []);
  t.ok(page.next !== undefined && page.next > 1 && page.next < 10_000);
  const rest = await log.read((snapshot) =>
    listLines(snapshot, { actor: "gateway" }, { limit: 10, ...(page.next && { before: page.next }) }),
  );
  t.match(rest, { lines: [{ action: "gateway.start" }] });
  await log.close();
});
