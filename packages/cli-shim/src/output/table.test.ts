import t from "tap";
import { formatFacts, formatTable } from "./table.js";

t.test("columns are aligned, and a column without content is left out", (t) => {
  const rows = [
    { name: "a", size: 5, note: "" },
    { name: "longer", size: 12_345, note: "" },
  ];
  t.same(
    formatTable(rows, [
      { title: "NAME", cell: ({ name }) => name },
      { title: "SIZE", align: "right", cell: ({ size }) => String(size) },
      { title: "NOTE", cell: ({ note }) => note },
    ]),
    ["NAME     SIZE", "a           5", "longer  12345"],
  );
  t.end();
});

t.test("facts without a value are left out", (t) => {
  t.same(
    formatFacts([
      ["id", "acme"],
      ["labels", ""],
      ["directory", undefined],
      ["created", "today"],
    ]),
    ["id       acme", "created  today"],
  );
  t.same(formatFacts([]), []);
  t.end();
});
