import { html, nothing, svg, type TemplateResult } from "lit";

const WIDTH = 88;
const HEIGHT = 22;
const MARGIN = 2;

/**
 * A line of sizes, oldest first.
 *
 * @param percentages Of the largest of them.
 */
export function sparkline(percentages: readonly number[]): TemplateResult | typeof nothing {
  const first = percentages[0];
  const last = percentages.at(-1);
  if (first === undefined || last === undefined || percentages.length < 2) return nothing;
  const step = (WIDTH - 2 * MARGIN) / (percentages.length - 1);
  const y = (percentage: number): number => HEIGHT - MARGIN - (percentage / 100) * (HEIGHT - 2 * MARGIN);
  const points = percentages.map((value, at) => `${(MARGIN + at * step).toFixed(1)},${y(value).toFixed(1)}`);
  const label = `Size of the last ${percentages.length} backups: ${wordFor(first, last)}`;
  return html`<svg
    role="img"
    aria-label=${label}
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width=${WIDTH}
    height=${HEIGHT}
  >
    ${svg`<polyline points=${points.join(" ")} fill="none" stroke="currentColor" stroke-width="1.5"
      stroke-linejoin="round" stroke-linecap="round"></polyline>
      <circle cx=${WIDTH - MARGIN} cy=${y(last)} r="2" fill="currentColor"></circle>`}
  </svg>`;
}

/** Within this share of the largest, sizes count as equal. */
const STEADY = 5;

function wordFor(first: number, last: number): string {
  if (Math.abs(last - first) <= STEADY) return "steady";
  return last > first ? "growing" : "shrinking";
}
