import { initialState, Task, TaskStatus } from "@lit/task";
import { baseStyles, bytes, count, dateTime, defineProblem, shownName, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import {
  addressOfArchive,
  archivesOf,
  isAboutKey,
  showArchive,
  type ArchiveContents,
  type CatalogueArchive,
  type Decrypt,
} from "./archive-view.js";
import {
  differenceOf,
  KINDS,
  type Difference,
  type DifferenceKind,
  type DifferenceLine,
} from "./difference-list.js";
import { restoreHref } from "./file-preview.js";
import { chosen, rememberKey } from "./keys.js";
import type { GridColumn } from "./row-grid.js";
import "./key-form.js";
import "./row-grid.js";
import { searchField } from "../fragments.js";

defineProblem();

/** Place of the tenant as it is now, where another archive's address could stand. */
const LIVE = "live";

const COLUMNS: readonly GridColumn[] = [
  { id: "path", title: "Path" },
  { id: "changes", title: "What differs", isMinor: true },
  { id: "before", title: "Before", isNumber: true },
  { id: "after", title: "After", isNumber: true },
];

const WORDS: Readonly<Record<DifferenceKind, readonly [sign: string, word: string]>> = {
  added: ["+", "Added"],
  removed: ["−", "Removed"],
  changed: ["~", "Changed"],
  unexplained: ["!", "Unexplained"],
};

interface Sides {
  readonly contents: ArchiveContents;
  readonly others: readonly CatalogueArchive[];
}

/** What differs between an archive and another one, or its tenant as it is now. */
export class ComparePage extends LitElement {
  static override properties = {
    host: { attribute: false },
    first: { attribute: false },
    second: { attribute: false },
    shownKinds: { state: true },
    search: { state: true },
    readsContent: { state: true },
    rows: { state: true },
    opened: { state: true },
    isComparing: { state: true },
    problem: { state: true },
  };
  declare host: UiHost;
  /** The archive that is the earlier side. */
  declare first: string;
  /** Another one, or {@link LIVE}. */
  declare second: string;
  declare shownKinds: ReadonlySet<DifferenceKind>;
  declare search: string;
  /** Every file of the tenant is read, not only its size and time. */
  declare readsContent: boolean;
  declare rows: readonly number[];
  /** The difference that is looked at. */
  declare opened: Difference | undefined;
  declare isComparing: boolean;
  declare problem: unknown;
  #differences: Difference[] = [];
  #unchanged: number | undefined;
  #comparing: AbortController | undefined;

  readonly #sides = new Task(this, {
    args: () => [this.host, this.first] as const,
    task: async ([host, first]): Promise<Sides | typeof initialState> => {
      if (host.viewer.kind === "tenant") return initialState;
      const contents = await showArchive(host, chosen(host, first));
      return { contents, others: await archivesOf(host, contents.tenant) };
    },
    onComplete: () => void this.#compare(),
  });

  constructor() {
    super();
    this.shownKinds = new Set(KINDS);
    this.search = "";
    this.readsContent = false;
    this.rows = [];
    this.opened = undefined;
    this.isComparing = false;
    this.problem = undefined;
  }

  override disconnectedCallback(): void {
    this.#comparing?.abort();
    super.disconnectedCallback();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const isOtherSide = changed.get("second") !== undefined || changed.get("readsContent") !== undefined;
    if (isOtherSide && this.#sides.status === TaskStatus.COMPLETE) void this.#compare();
    if (changed.has("search") || changed.has("shownKinds")) this.#list();
  }

  get #isLive(): boolean {
    return this.second === "" || this.second === LIVE;
  }

  async #compare(): Promise<void> {
    this.#comparing?.abort();
    const comparing = new AbortController();
    this.#comparing = comparing;
    const differences: Difference[] = [];
    this.#differences = differences;
    this.#unchanged = undefined;
    this.isComparing = true;
    this.problem = undefined;
    this.#list();
    const body = {
      ...chosen(this.host, this.first),
      ...(this.#isLive ? (this.readsContent ? { content: true } : {}) : { with: this.second }),
    };
    try {
      const lines = this.host.api.lines<DifferenceLine>("/api/admin/archives/diff", body, comparing.signal);
      for await (const line of lines) {
        if (line.kind === "end") this.#unchanged = line.unchanged ?? 0;
        else differences.push(differenceOf(line, line.kind));
      }
      if (this.#unchanged === undefined) throw new Error("The comparison was cut off.");
    } catch (error) {
      if (comparing.signal.aborted) return;
      this.problem = error;
    }
    this.isComparing = false;
    this.#list();
  }

  #list(): void {
    const text = this.search.trim().toLocaleLowerCase();
    const all = this.#differences;
    const rows: number[] = [];
    for (const [i, { kind, path }] of all.entries())
      if (this.shownKinds.has(kind) && path.toLocaleLowerCase().includes(text)) rows.push(i);
    const names = new Intl.Collator(undefined, { numeric: true });
    this.rows = rows.sort((a, b) => names.compare(all[a]?.path ?? "", all[b]?.path ?? ""));
  }

  refresh(): void {
    if (this.#sides.status === TaskStatus.ERROR) void this.#sides.run();
    else if (this.problem !== undefined) void this.#compare();
  }

  readonly #onKey = (event: CustomEvent<Decrypt>): void => {
    rememberKey(this.host, this.first, event.detail);
    void this.#sides.run();
  };

  readonly #cells = (row: number): readonly unknown[] => {
    const difference = this.#differences[row];
    if (difference === undefined) return [];
    const { kind, path, changes, type, sizeBefore, sizeAfter } = difference;
    const [sign, word] = WORDS[kind];
    const size = (value: number | undefined): string => (value === undefined ? "" : bytes(value));
    return [
      html`<span class="sign ${kind}" aria-hidden="true">${sign}</span
        ><span class="visually-hidden">${word}: </span><bdi class="text">${shownName(path)}</bdi>${
          type === "file"
            ? nothing
            : html`<span class="muted small">${type === "symlink" ? "link" : type}</span>`
        }`,
      changes === "" ? word.toLowerCase() : changes,
      size(sizeBefore),
      size(sizeAfter),
    ];
  };

  protected override render(): TemplateResult {
    const { status, value, error } = this.#sides;
    return html`<div class="stack">
      <h1>Compare</h1>
      ${
        this.host.viewer.kind === "tenant"
          ? html`<p class="card">What is inside of archives is shown to the gateway's admin only.</p>`
          : status === TaskStatus.ERROR
            ? isAboutKey(error)
              ? html`<oc-key-form .error=${error} @key=${this.#onKey}></oc-key-form>`
              : html`<oc-problem
                  .error=${error}
                  can-retry
                  @retry=${() => void this.#sides.run()}
                ></oc-problem>`
            : value === undefined
              ? html`<p class="muted" aria-busy="true">Loading…</p>`
              : this.#renderSides(value)
      }
    </div>`;
  }

  #renderSides({ contents, others }: Sides): TemplateResult {
    const { host, first } = this;
    const known = others.flatMap((other) => {
      const address = addressOfArchive(other);
      return address === "" || address === first || address === contents.catalogue?.id
        ? []
        : [{ address, other }];
    });
    const isListed = this.#isLive || known.some(({ address }) => address === this.second);
    return html`<p>
        Before:
        <a href=${host.href(`archives/${encodeURIComponent(first)}`)}
          >the archive of <bdi class="name">${contents.tenant}</bdi>, ${dateTime(contents.createdAt)}</a
        >
      </p>
      <div class="row">
        <label for="other">After</label>
        <select id="other" @change=${this.#choose}>
          <option value=${LIVE} ?selected=${this.#isLive}>The tenant as it is now</option>
          ${known.map(
            ({ address, other }) =>
              html`<option value=${address} ?selected=${address === this.second}>
                Archive of ${dateTime(other.createdAt)},
                ${bytes(other.size)}${other.encryption === undefined ? "" : ", encrypted"}
              </option>`,
          )}
          ${isListed ? nothing : html`<option value=${this.second} selected>${this.second}</option>`}
        </select>
        ${
          this.#isLive
            ? html`<label class="row plain"
                ><input
                  type="checkbox"
                  .checked=${this.readsContent}
                  @change=${(event: Event) => {
                    this.readsContent = (event.target as HTMLInputElement).checked;
                  }}
                />Read every file (slower)</label
              >`
            : nothing
        }
      </div>
      <oc-problem .error=${this.problem} can-retry @retry=${() => void this.#compare()}></oc-problem>
      ${this.#renderDifferences()}`;
  }

  readonly #choose = (event: Event): void => {
    const address = (event.target as HTMLSelectElement).value;
    this.host.navigate(`compare/${encodeURIComponent(this.first)}/${encodeURIComponent(address)}`);
  };

  #renderDifferences(): TemplateResult {
    const all = this.#differences;
    const counts = new Map<DifferenceKind, number>();
    for (const { kind } of all) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const kinds = KINDS.filter((kind) => kind !== "unexplained" || counts.has(kind));
    if (this.isComparing) return html`<p class="card muted" aria-busy="true">Comparing…</p>`;
    if (this.problem !== undefined) return html``;
    return html`<p role="status">
        ${all.length === 0 ? "Nothing differs." : `${count(all.length)} ${all.length === 1 ? "entry differs" : "entries differ"}.`}
        <span class="muted">${count(this.#unchanged ?? 0)} are the same.</span>
      </p>
      ${
        all.length === 0
          ? nothing
          : html`<div class="row spread">
                <div class="row" role="group" aria-label="Show">
                  ${kinds.map((kind) => this.#renderFilter(kind, counts.get(kind) ?? 0))}
                </div>
                ${searchField("Find in paths", this.search, (text) => (this.search = text))}
              </div>
              ${counts.has("unexplained") ? html`<p class="small">Unexplained: other content, though size and time are the same.</p>` : nothing}
              ${this.rows.length === 0 ? html`<p class="card muted">Nothing of this is left to show.</p>` : nothing}
              <oc-row-grid
                ?hidden=${this.rows.length === 0}
                .label=${"Differences"}
                .columns=${COLUMNS}
                .rows=${this.rows}
                .cells=${this.#cells}
                @open=${this.#open}
              ></oc-row-grid>
              <dialog aria-labelledby="path">
                ${this.opened === undefined ? nothing : this.#renderOne(this.opened)}
              </dialog>`
      }`;
  }

  readonly #open = async (event: CustomEvent<number>): Promise<void> => {
    this.opened = this.#differences[event.detail];
    await this.updateComplete;
    this.renderRoot.querySelector("dialog")?.showModal();
  };

  #renderOne({ kind, path, changes, sizeBefore, sizeAfter }: Difference): TemplateResult {
    const size = (value: number | undefined): string => (value === undefined ? "–" : bytes(value));
    return html`<div class="stack">
      <h2 id="path" class="name">${shownName(path)}</h2>
      <dl class="facts">
        <dt>What differs</dt>
        <dd>${WORDS[kind][1]}${changes === "" ? "" : `: ${changes}`}</dd>
        <dt>Size before</dt>
        <dd>${size(sizeBefore)}</dd>
        <dt>Size after</dt>
        <dd>${size(sizeAfter)}</dd>
      </dl>
      <div class="row">
        <button type="button" @click=${() => this.renderRoot.querySelector("dialog")?.close()}>Close</button>
        ${
          kind === "added"
            ? nothing
            : html`<a class="button" href=${restoreHref(this.host, this.first, path)}>Restore this path…</a>`
        }
      </div>
    </div>`;
  }

  #renderFilter(kind: DifferenceKind, amount: number): TemplateResult {
    const [sign, word] = WORDS[kind];
    const isShown = this.shownKinds.has(kind);
    return html`<button
      type="button"
      class="filter"
      aria-pressed=${isShown}
      @click=${() => {
        this.shownKinds = new Set(
          KINDS.filter((other) => (other === kind ? !isShown : this.shownKinds.has(other))),
        );
      }}
    >
      <span aria-hidden="true">${sign}</span>${word} <span class="muted">${count(amount)}</span>
    </button>`;
  }

  static override styles = [
    baseStyles,
    css`
      .filter[aria-pressed="false"] {
        opacity: 0.75;
        border-style: dashed;
        text-decoration: line-through;
      }
      label.plain {
        font-weight: 400;
      }
      select {
        max-width: min(100%, 32rem);
      }
    `,
  ];
}

customElements.define("oc-backup-compare", ComparePage);
