import { baseStyles } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

/** Fits a line of text and a finger; all rows are of one height, so that the place of each is known. */
const ROW_PX = 40;

/** Rows beyond the visible ones, so that none is missing while one scrolls. */
const SPARE_ROWS = 12;

export interface GridColumn {
  readonly id: string;
  readonly title: string;
  readonly isNumber?: boolean;
  readonly isSortable?: boolean;
  /** Left out where there is little room. */
  readonly isMinor?: boolean;
}

export interface GridSort {
  readonly column: string;
  readonly isDescending: boolean;
}

/**
 * A table of any number of rows, of which only the visible ones are made. One stop of the Tab key: the arrows, Page up and down, Home
 * and End move, Enter opens, Backspace dispatches `back`. Dispatches `open` with a row's number, and `sort` with a column's id.
 */
export class RowGridElement extends LitElement {
  static override properties = {
    label: { attribute: false },
    columns: { attribute: false },
    rows: { attribute: false },
    cells: { attribute: false },
    sort: { attribute: false },
    top: { state: true },
    height: { state: true },
    active: { state: true },
  };
  declare label: string;
  /** The first one is what names a row. */
  declare columns: readonly GridColumn[];
  /** Their numbers, in order. A new array is a new list, which begins at its top. */
  declare rows: readonly number[];
  /** What stands in a row, by its number: a cell for each column. */
  declare cells: (row: number) => readonly unknown[];
  declare sort: GridSort | undefined;
  declare top: number;
  declare height: number;
  /** Place of the row that the Tab key leads to. */
  declare active: number;
  readonly #resized = new ResizeObserver(([entry]) => {
    if (entry !== undefined && entry.contentRect.height > 0) this.height = entry.contentRect.height;
  });

  constructor() {
    super();
    this.label = "";
    this.columns = [];
    this.rows = [];
    this.cells = () => [];
    this.sort = undefined;
    this.top = 0;
    this.height = 480;
    this.active = 0;
  }

  protected override firstUpdated(): void {
    this.#resized.observe(this.#scroller);
  }

  override disconnectedCallback(): void {
    this.#resized.disconnect();
    super.disconnectedCallback();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#resized.observe(this.#scroller);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("rows")) return;
    this.active = 0;
    this.top = 0;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const [first, last] = this.#window;
    this.#space(".before", first);
    this.#space(".after", this.rows.length - last);
    if (changed.has("rows")) this.#scroller.scrollTop = 0;
  }

  /** Places of the first row that is made, and behind the last. */
  get #window(): readonly [first: number, last: number] {
    const first = Math.floor(this.top / ROW_PX) - SPARE_ROWS;
    const last = Math.ceil((this.top + this.height) / ROW_PX) + SPARE_ROWS;
    return [Math.max(0, Math.min(first, this.rows.length)), Math.min(this.rows.length, last)];
  }

  /** Stands for rows that are not made. */
  #space(selector: string, rows: number): void {
    this.renderRoot.querySelector<HTMLElement>(selector)?.style.setProperty("height", `${rows * ROW_PX}px`);
  }

  get #scroller(): HTMLElement {
    return this.renderRoot.querySelector(".scroller") as HTMLElement;
  }

  /** Moves the keyboard to the first row, for who has opened a directory by key. */
  async focusFirst(): Promise<void> {
    await this.#goTo(0);
  }

  async #goTo(place: number): Promise<void> {
    if (this.rows.length === 0) return;
    this.active = Math.max(0, Math.min(place, this.rows.length - 1));
    const scroller = this.#scroller;
    const [from, to] = [this.active * ROW_PX, (this.active + 2) * ROW_PX];
    if (from < scroller.scrollTop) scroller.scrollTop = from;
    else if (to > scroller.scrollTop + this.height) scroller.scrollTop = to - this.height;
    this.top = scroller.scrollTop;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("button[tabindex='0']")?.focus({ preventScroll: true });
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(this.height / ROW_PX) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.rows.length - 1,
    };
    const place = steps[event.key];
    if (place !== undefined) {
      event.preventDefault();
      void this.#goTo(place);
    } else if (event.key === "Backspace") {
      event.preventDefault();
      this.dispatchEvent(new Event("back"));
    }
  };

  protected override render(): TemplateResult {
    const { rows, columns } = this;
    const [first, last] = this.#window;
    const places = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
    // Where the active row is out of sight, the first row that is there takes the Tab key.
    const stop = this.active >= first && this.active < last ? this.active : first;
    return html`<div
      class="scroller"
      @scroll=${(event: Event) => {
        this.top = (event.target as HTMLElement).scrollTop;
      }}
    >
      <table
        role="grid"
        aria-label=${this.label}
        aria-rowcount=${rows.length + 1}
        aria-colcount=${columns.length}
      >
        <thead>
          <tr aria-rowindex="1">
            ${columns.map((column) => this.#renderHeading(column))}
          </tr>
        </thead>
        <tbody aria-hidden="true">
          <tr>
            <td class="spacer before"></td>
          </tr>
        </tbody>
        <tbody>
          ${repeat(
            places,
            (place) => rows[place],
            (place) => this.#renderRow(place, place === stop),
          )}
        </tbody>
        <tbody aria-hidden="true">
          <tr>
            <td class="spacer after"></td>
          </tr>
        </tbody>
      </table>
    </div>`;
  }

  #renderHeading({ id, title, isNumber, isSortable, isMinor }: GridColumn): TemplateResult {
    const isSorted = this.sort?.column === id;
    const direction = this.sort?.isDescending === true ? "descending" : "ascending";
    return html`<th
      scope="col"
      class="${isNumber === true ? "number" : ""} ${isMinor === true ? "minor" : ""}"
      aria-sort=${isSorted ? direction : nothing}
    >
      ${
        isSortable === true
          ? html`<button
              type="button"
              class="heading"
              @click=${() => this.dispatchEvent(new CustomEvent<string>("sort", { detail: id }))}
            >
              ${title}<span aria-hidden="true"
                >${isSorted ? (direction === "ascending" ? "▲" : "▼") : ""}</span
              >
            </button>`
          : title
      }
    </th>`;
  }

  #renderRow(place: number, isStop: boolean): TemplateResult {
    const row = this.rows[place] ?? 0;
    const [name, ...others] = this.cells(row);
    return html`<tr aria-rowindex=${place + 2}>
      <td>
        <button
          type="button"
          class="row-name"
          tabindex=${isStop ? 0 : -1}
          @keydown=${this.#onKey}
          @focus=${() => {
            this.active = place;
          }}
          @click=${() => this.dispatchEvent(new CustomEvent<number>("open", { detail: row }))}
        >
          ${name}
        </button>
      </td>
      ${others.map((cell, i) => {
        const { isNumber, isMinor } = this.columns[i + 1] ?? {};
        return html`<td class="${isNumber === true ? "number" : ""} ${isMinor === true ? "minor" : ""}">
          ${cell}
        </td>`;
      })}
    </tr>`;
  }

  static override styles = [
    baseStyles,
    css`
      .scroller {
        max-height: min(36rem, 70vh);
        overflow: auto;
        border: 1px solid var(--oc-border);
        border-radius: calc(var(--oc-radius) * 1.5);
        background: var(--oc-surface);
      }
      table {
        table-layout: fixed;
        border-collapse: separate;
        border-spacing: 0;
      }
      th {
        position: sticky;
        top: 0;
        z-index: 1;
        background: var(--oc-surface);
        white-space: nowrap;
      }
      th:not(:first-child) {
        width: 13rem;
      }
      th.number:not(:first-child) {
        width: 8rem;
      }
      tbody td {
        height: ${ROW_PX}px;
        padding-block: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      tbody td:first-child {
        padding: 0;
      }
      tbody td.spacer {
        border: none;
        padding: 0;
      }
      tbody tr:hover {
        background: var(--oc-hover);
      }
      button.heading,
      button.row-name {
        min-height: 0;
        border: none;
        background: none;
      }
      button.heading {
        padding: 0;
        font-weight: 600;
        color: inherit;
      }
      button.row-name {
        display: flex;
        justify-content: flex-start;
        gap: 0.5rem;
        width: 100%;
        height: ${ROW_PX - 1}px;
        padding: 0 0.75rem;
        font-weight: 400;
        text-align: start;
      }
      button.row-name:focus-visible {
        outline-offset: -2px;
      }
      .sign {
        flex: none;
        width: 1rem;
        text-align: center;
        color: var(--oc-muted);
      }
      .sign.added {
        color: var(--oc-good);
        font-weight: 700;
      }
      .sign.removed,
      .sign.unexplained {
        color: var(--oc-bad);
        font-weight: 700;
      }
      .sign.changed {
        color: var(--oc-warning);
        font-weight: 700;
      }
      .text {
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        unicode-bidi: isolate;
      }
      .folder {
        font-weight: 500;
        color: var(--oc-link);
      }
      @media (max-width: 40rem) {
        .minor {
          display: none;
        }
        th.number:not(:first-child),
        th:not(:first-child) {
          width: 6rem;
        }
        th,
        td {
          padding-inline: 0.5rem;
        }
      }
    `,
  ];
}

customElements.define("oc-row-grid", RowGridElement);
