/**
 * Plots as SVG files that stand alone: readable on white and on black (they follow the reader's colour scheme), and without colours,
 * because everything is labelled. Colours: Okabe and Ito, "Color Universal Design", 2008.
 */

const WIDTH = 760;
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 15px; }
  .faint { fill: #57606a; font-size: 12px; }
  .axis { stroke: #8c959f; stroke-width: 1; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .spread { stroke: #24292f; stroke-width: 1.5; }
  .line { fill: none; stroke-width: 2; }
  .background { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .faint { fill: #9198a1; }
    .grid { stroke: #30363d; }
    .spread { stroke: #e6edf3; }
    .background { fill: #0d1117; }
  }`;
const OURS_COLOUR = "#0072b2";
const COLOURS = ["#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c959f"] as const;

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The least and the most of the rounds. */
  readonly least: number;
  readonly most: number;
  /** Drawn in the colour that is this project's in all plots. */
  readonly isOurs: boolean;
}

export interface BarChart {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly format: (value: number) => string;
}

const LEFT = 240;
const RIGHT = 110;
const BAR_HEIGHT = 22;
const BAR_STEP = 34;
const TOP = 50;

/** Horizontal bars with their values, and a thin line from the least to the most. */
export function barChart({ title, bars, format }: BarChart): string {
  const most = Math.max(...bars.map((bar) => bar.most), Number.MIN_VALUE);
  const x = (value: number) => LEFT + (value / most) * (WIDTH - LEFT - RIGHT);
  const drawn = bars.map((bar, n) => {
    const top = TOP + n * BAR_STEP;
    const middle = top + BAR_HEIGHT / 2;
    const colour = bar.isOurs ? OURS_COLOUR : "#8c959f";
    const spread =
      bar.most > bar.least
        ? `<line class="spread" x1="${round(x(bar.least))}" x2="${round(x(bar.most))}" y1="${middle}" y2="${middle}"/>`
        : "";
    return [
      `<text x="${LEFT - 10}" y="${middle + 5}" text-anchor="end">${escape(bar.label)}</text>`,
      `<rect x="${LEFT}" y="${top}" width="${round(Math.max(1, x(bar.value) - LEFT))}" height="${BAR_HEIGHT}" fill="${colour}"/>`,
      spread,
      `<text x="${round(x(bar.most)) + 8}" y="${middle + 5}">${escape(format(bar.value))}</text>`,
    ].join("");
  });
  const height = TOP + bars.length * BAR_STEP + 10;
  const axis = `<line class="axis" x1="${LEFT}" x2="${LEFT}" y1="${TOP - 6}" y2="${height - 12}"/>`;
  return svg(height, title, [...drawn, axis]);
}

export interface Series {
  readonly label: string;
  /** By x. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly isOurs: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

const PLOT = { left: 80, right: 230, top: 50, bottom: 50, height: 340 };
const GRID_LINES = 4;
/** Labels at the lines' ends do not come nearer to each other than this. */
const LABEL_STEP = 17;

/** Lines over a common axis that begins at zero, each with its name at its end. */
export function lineChart({ title, xLabel, series, format }: LineChart): string {
  const points = series.flatMap((one) => one.points);
  const xs = points.map(([x]) => x);
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const most = Math.max(...points.map(([, y]) => y), Number.MIN_VALUE);
  const bottom = PLOT.height - PLOT.bottom;
  const right = WIDTH - PLOT.right;
  const x = (value: number) =>
    PLOT.left + ((value - first) / Math.max(1, last - first)) * (right - PLOT.left);
  const y = (value: number) => bottom - (value / most) * (bottom - PLOT.top);
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, n) => (most * n) / GRID_LINES).map(
    (value) =>
      `<line class="grid" x1="${PLOT.left}" x2="${right}" y1="${round(y(value))}" y2="${round(y(value))}"/>` +
      `<text class="faint" x="${PLOT.left - 8}" y="${round(y(value)) + 4}" text-anchor="end">${escape(format(value))}</text>`,
  );
  let rival = 0;
  const lines = series.map((one) => {
    const colour = one.isOurs ? OURS_COLOUR : (COLOURS[rival++ % COLOURS.length] ?? OURS_COLOUR);
    const path = one.points.map(([at, value]) => `${round(x(at))},${round(y(value))}`).join(" ");
    return { label: one.label, colour, path, end: y(one.points.at(-1)?.[1] ?? 0) };
  });
  let lowest = Infinity;
  const labels = [...lines]
    .sort((a, b) => b.end - a.end)
    .map(({ label, colour, end }) => {
      lowest = Math.min(end, lowest - LABEL_STEP);
      const at = round(lowest);
      return `<rect x="${right + 8}" y="${at - 5}" width="10" height="10" fill="${colour}"/><text x="${right + 24}" y="${at + 5}">${escape(label)}</text>`;
    });
  return svg(PLOT.height, title, [
    ...grid,
    ...lines.map(({ path, colour }) => `<polyline class="line" stroke="${colour}" points="${path}"/>`),
    ...labels,
    `<text class="faint" x="${PLOT.left}" y="${bottom + 20}">${escape(String(first))}</text>`,
    `<text class="faint" x="${right}" y="${bottom + 20}" text-anchor="end">${escape(String(last))}</text>`,
    `<text class="faint" x="${(PLOT.left + right) / 2}" y="${bottom + 20}" text-anchor="middle">${escape(xLabel)}</text>`,
  ]);
}

function svg(height: number, title: string, content: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>${escape(title)}</title>
<style>${STYLE}
</style>
<rect class="background" width="${WIDTH}" height="${height}"/>
<text class="title" x="16" y="28">${escape(title)}</text>
${content.join("\n")}
</svg>
`;
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
