/** The list of hostile archives, and what a person sees of a refusal. */
import t from "tap";
import { besieged, deliver } from "./attack.js";
import { hostileCases } from "./cases.js";
import { foreignCases } from "./foreign/index.js";
import { nativeCases } from "./native/index.js";
import { readList, renderedList } from "./readme.js";

t.test("the list is long enough, each case has an id of its own, and the README lists exactly these", (t) => {
  const ids = hostileCases.map(({ id }) => id);
  t.ok(foreignCases.length >= 75, `${foreignCases.length} of other tools' formats`);
  t.ok(nativeCases.length >= 50, `${nativeCases.length} with our index`);
  t.equal(new Set(ids).size, ids.length);
  t.strictSame(
    ids.filter((id) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id)),
    [],
  );
  t.equal(readList(), renderedList(hostileCases), "`node test/dist/hostile/list.js --write` writes it anew");
  t.end();
});

t.test("the command says what is wrong, ends with 7, and lets no name speak to the terminal", async (t) => {
  const { bed, outside } = await besieged(t);
  for (const id of ["cve-2025-46394-terminal-sequences", "path-with-line-break-and-bidi", "bomb-entries"]) {
    const one = hostileCases.find((candidate) => candidate.id === id);
    if (one === undefined) throw new Error(`there is no case ${id}`);
    const archive = await deliver(bed, one, outside);
    // Without a name the tenant is looked up in the archive first.
    for (const as of [["--as", "victim"], []]) {
      const { code, stdout, stderr } = await bed.cli.run(["tenants", "restore", "--from", archive, ...as]);
      t.equal(code, 7, `${id} ${as.join(" ")}`);
      t.equal(stdout, "");
      t.ok(stderr.includes(one.expected.entry ?? one.expected.rule), stderr);
      t.notMatch(stderr, /[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u, "no control characters");
    }
  }
});
