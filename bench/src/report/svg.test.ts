import t from "tap";
import type { Test } from "tap";
import { barChart, lineChart } from "./svg.js";

/** Every element is closed in order, every attribute is quoted, and nothing stands for markup that is none. */
function isWellFormed(t: Test, document: string): void {
  const open: string[] = [];
  const tags = /<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z][a-zA-Z0-9-]*="[^"<]*")*)\s*(\/?)>/g;
  const rest = document.replace(
    tags,
    (_, closing: string, name: string, _attributes: string, empty: string) => {
      if (closing !== "") t.equal(open.pop(), name);
      else if (empty === "") open.push(name);
      return "";
    },
  );
  t.same(open, []);
  t.notMatch(rest, /[<>]/);
  t.notMatch(rest, /&(?!amp;|lt;|gt;|quot;)/);
  t.notMatch(document, /NaN|Infinity|undefined/);
}

const format = (value: number) => `${value} <s>`;

t.test("bars are well-formed, whatever the labels hold", (t) => {
  const bar = { value: 2, least: 1, most: 3, isOurs: true };
  const chart = barChart({
    title: 'A & B <"quoted">',
    bars: [
      { ...bar, label: "tar | zstd & more" },
      { ...bar, label: "<script>", value: 0, least: 0, most: 0, isOurs: false },
    ],
    format,
  });
  isWellFormed(t, chart);
  t.match(chart, "A &amp; B &lt;&quot;quoted&quot;&gt;");
  t.match(chart, "prefers-color-scheme: dark");
  isWellFormed(t, barChart({ title: "empty", bars: [], format }));
  t.end();
});

t.test("a longer bar stands for more, and its spread is drawn", (t) => {
  const bar = (label: string, value: number) => ({
    label,
    value,
    least: value,
    most: value * 2,
    isOurs: false,
  });
  const chart = barChart({ title: "t", bars: [bar("one", 1), bar("two", 2)], format });
  const widths = [...chart.matchAll(/<rect x="240"[^>]* width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  t.equal(widths.length, 2);
  t.ok(Math.abs((widths[1] ?? 0) / (widths[0] ?? 1) - 2) < 0.01);
  t.equal(chart.match(/class="spread"/g)?.length, 2);
  t.end();
});

t.test("lines are well-formed, with labels that do not cover each other", (t) => {
  const series = ["a", "b & c", "d"].map((label, n) => ({
    label,
    isOurs: n === 0,
    points: [1, 2, 3].map((x) => [x, x * 10 + n] as const),
  }));
  const chart = lineChart({ title: "Days", xLabel: "day", series, format });
  isWellFormed(t, chart);
  t.equal(chart.match(/<polyline/g)?.length, 3);
  const heights = [...chart.matchAll(/<rect x="538" y="(-?[\d.]+)"/g)]
    .map(([, y]) => Number(y))
    .sort((a, b) => a - b);
  t.equal(heights.length, 3);
  heights.slice(1).forEach((y, n) => t.ok(y - (heights[n] ?? 0) >= 16.9));
  isWellFormed(
    t,
    lineChart({
      title: "one day",
      xLabel: "day",
      series: [{ label: "a", isOurs: true, points: [[1, 0]] }],
      format,
    }),
  );
  t.end();
});
