import { baseStyles, bytes, dateTime, duration } from "@openclaw/ui-kit";
import { css, html, LitElement, type TemplateResult, unsafeCSS } from "lit";
import uPlot from "uplot";
import plotStyles from "uplot/dist/uPlot.min.css?inline";
import type { Archive } from "./tenant-data.js";

const HEIGHT = 150;

interface Series {
  readonly title: string;
  readonly valueOf: (archive: Archive) => number | undefined;
  readonly format: (value: number) => string;
  /** Steps that make round numbers; absent: powers of ten do. */
  readonly steps?: number[];
}

const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);

const SERIES: readonly Series[] = [
  { title: "Size", valueOf: ({ size }) => size, format: bytes, steps: POWERS_OF_TWO },
  { title: "Sent", valueOf: ({ sentBytes }) => sentBytes, format: bytes, steps: POWERS_OF_TWO },
  { title: "Duration", valueOf: ({ durationMs }) => durationMs, format: duration },
];

/** Size, bytes sent and duration of backups over time; the same numbers stand in a table. */
export class HistoryChartsElement extends LitElement {
  static override properties = { archives: { attribute: false } };
  /** Newest first. */
  declare archives: readonly Archive[];
  #plots: readonly uPlot[] = [];
  #drawn = "";
  readonly #resized = new ResizeObserver(() => this.#fit());
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    super();
    this.archives = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    this.#dark.addEventListener("change", this.#redraw);
  }

  override disconnectedCallback(): void {
    this.#resized.disconnect();
    this.#dark.removeEventListener("change", this.#redraw);
    super.disconnectedCallback();
  }

  readonly #redraw = (): void => {
    this.#drawn = "";
    this.requestUpdate();
  };

  protected override render(): TemplateResult {
    if (this.archives.length < 2)
      return html`<p class="muted">After the second backup, charts stand here.</p>`;
    return html`<div class="charts" aria-hidden="true">
        ${SERIES.map(
          ({ title }) =>
            html`<figure>
              <figcaption class="small muted">${title}</figcaption>
              <div class="plot"></div>
            </figure>`,
        )}
      </div>
      <details>
        <summary>The same numbers as a table</summary>
        <div class="scroll" tabindex="0" role="region" aria-label="Numbers of the charts">
          <table>
            <thead>
              <tr>
                <th scope="col">Backup</th>
                ${SERIES.map(({ title }) => html`<th scope="col" class="number">${title}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${this.archives.map(
                (archive) =>
                  html`<tr>
                    <th scope="row">${dateTime(archive.createdAt)}</th>
                    ${SERIES.map(({ valueOf, format }) => {
                      const value = valueOf(archive);
                      return html`<td class="number">${value === undefined ? "–" : format(value)}</td>`;
                    })}
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
      </details>`;
  }

  protected override updated(): void {
    const key = this.archives.map(({ id }) => id).join();
    if (key === this.#drawn) return;
    this.#drawn = key;
    for (const plot of this.#plots) plot.destroy();
    const places = [...this.renderRoot.querySelectorAll<HTMLElement>(".plot")];
    this.#plots = places.flatMap((place, at) => {
      const series = SERIES[at];
      return series === undefined ? [] : [this.#plot(place, series)];
    });
  }

  #plot(place: HTMLElement, { title, valueOf, format, steps }: Series): uPlot {
    const archives = [...this.archives].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    const color = (name: string): string => getComputedStyle(this).getPropertyValue(name).trim();
    const probe = (name: string): string => resolved(this, color(name));
    const axis = {
      stroke: probe("--oc-muted"),
      grid: { stroke: probe("--oc-border"), width: 1 },
      ticks: { show: false },
    };
    return new uPlot(
      {
        width: Math.max(200, place.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        series: [
          {},
          {
            label: title,
            stroke: probe("--oc-accent"),
            width: 2,
            points: { show: archives.length < 40, size: 5 },
          },
        ],
        axes: [
          { ...axis, space: 70, values: (_plot, times) => times.map(dayOrTime) },
          {
            ...axis,
            ...(steps && { incrs: steps }),
            size: 70,
            space: 36,
            values: (_plot, values) => values.map((value) => format(value)),
          },
        ],
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
      },
      [
        archives.map(({ createdAt }) => new Date(createdAt).getTime() / 1000),
        archives.map((archive) => valueOf(archive) ?? null),
      ],
      place,
    );
  }

  #fit(): void {
    const places = this.renderRoot.querySelectorAll<HTMLElement>(".plot");
    for (const [at, plot] of this.#plots.entries()) {
      const width = Math.max(200, places[at]?.clientWidth ?? 0);
      if (width !== plot.width) plot.setSize({ width, height: HEIGHT });
    }
  }

  static override styles = [
    baseStyles,
    unsafeCSS(plotStyles),
    css`
      .charts {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr));
        gap: 1rem;
      }
      figure {
        min-width: 0;
        margin: 0;
      }
      .plot {
        overflow: hidden;
      }
      .scroll {
        max-height: 20rem;
        overflow: auto;
      }
      summary {
        margin-block: 0.5rem;
      }
    `,
  ];
}

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });

/** At midnight a day begins. @param seconds Since the epoch. */
function dayOrTime(seconds: number): string {
  const at = new Date(seconds * 1000);
  return (at.getHours() === 0 && at.getMinutes() === 0 ? DAY : TIME).format(at);
}

/** A colour that a canvas takes: it knows nothing of `light-dark()`. */
function resolved(element: HTMLElement, color: string): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = color;
  element.shadowRoot?.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

customElements.define("oc-history-charts", HistoryChartsElement);
