import { baseStyles, bytes, count, dateTime, defineProblem, type UiHost, shownName } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { EntryTree, ROOT, type EntryLine } from "./entry-tree.js";
import { restoreHref, type FilePreviewElement } from "./file-preview.js";
import { chosen } from "./keys.js";
import type { GridColumn, GridSort, RowGridElement } from "./row-grid.js";
import "./file-preview.js";
import "./row-grid.js";
import { searchField } from "../fragments.js";

defineProblem();

/** More hits than these help nobody. */
const MOST_FOUND = 5000;

/** Between looks at a listing that is on its way. */
const SHOW_EVERY_MS = 400;

const COLUMNS: readonly GridColumn[] = [
  { id: "name", title: "Name", isSortable: true },
  { id: "size", title: "Size", isNumber: true, isSortable: true },
  { id: "time", title: "Changed", isSortable: true, isMinor: true },
];

const SIGNS = { directory: "▸", file: "", symlink: "↪" } as const;

/** The tree of an archive's entries: one directory at a time, or what a search has found. */
export class EntryBrowserElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    archive: { attribute: false },
    directory: { state: true },
    search: { state: true },
    sort: { state: true },
    rows: { state: true },
    isLoading: { state: true },
    problem: { state: true },
  };
  declare host: UiHost;
  declare archive: string;
  declare directory: number;
  declare search: string;
  declare sort: GridSort;
  declare rows: readonly number[];
  declare isLoading: boolean;
  declare problem: unknown;
  #tree = new EntryTree();
  #loading: AbortController | undefined;
  #shownAt = 0;

  constructor() {
    super();
    this.directory = ROOT;
    this.search = "";
    this.sort = { column: "name", isDescending: false };
    this.rows = [];
    this.isLoading = true;
    this.problem = undefined;
  }

  override disconnectedCallback(): void {
    this.#loading?.abort();
    super.disconnectedCallback();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("archive")) void this.#load();
    if (changed.has("directory") || changed.has("search") || changed.has("sort")) this.#list();
  }

  async #load(): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    const tree = new EntryTree();
    this.#tree = tree;
    this.directory = ROOT;
    this.isLoading = true;
    this.problem = undefined;
    let isComplete = false;
    try {
      const body = chosen(this.host, this.archive);
      for await (const line of this.host.api.lines<EntryLine>(
        "/api/admin/archives/files",
        body,
        loading.signal,
      )) {
        if (line.kind === "end") isComplete = true;
        else if ((line.path ?? line.path64) !== "") tree.add(line);
        this.#showNow(false);
      }
      if (!isComplete) throw new Error("The list of files was cut off.");
    } catch (error) {
      if (loading.signal.aborted) return;
      this.problem = error;
    }
    this.isLoading = false;
    this.#showNow(true);
  }

  #showNow(always: boolean): void {
    const now = performance.now();
    if (!always && now - this.#shownAt < SHOW_EVERY_MS) return;
    this.#shownAt = now;
    // Who has begun to look around is not moved to the top of the list by what arrives later.
    if (always || this.#tree.size < 2000) this.#list();
    this.requestUpdate();
  }

  #list(): void {
    const tree = this.#tree;
    const text = this.search.trim();
    const rows = text === "" ? tree.children(this.directory) : tree.find(text, MOST_FOUND);
    this.rows = rows.toSorted(orderOf(tree, this.sort));
  }

  readonly #cells = (entry: number): readonly unknown[] => {
    const tree = this.#tree;
    const type = tree.type(entry);
    const shown = shownName(this.search.trim() === "" ? tree.name(entry) : tree.path(entry));
    const kind = type === "directory" ? "directory" : type === "symlink" ? "link" : "";
    return [
      html`<span class="sign" aria-hidden="true">${SIGNS[type]}</span
        ><bdi class="text ${type === "directory" ? "folder" : ""}">${shown}</bdi>${
          kind === "" ? nothing : html`<span class="visually-hidden">, ${kind}</span>`
        }`,
      type === "symlink" ? "" : bytes(tree.bytes(entry)),
      tree.time(entry) === 0 ? "" : dateTime(tree.time(entry)),
    ];
  };

  readonly #open = (event: CustomEvent<number>): void => {
    const entry = event.detail;
    if (this.#tree.type(entry) === "directory") void this.#goTo(entry);
    else void this.renderRoot.querySelector<FilePreviewElement>("oc-file-preview")?.open(entry);
  };

  async #goTo(directory: number): Promise<void> {
    this.search = "";
    this.directory = directory;
    await this.updateComplete;
    await this.renderRoot.querySelector<RowGridElement>("oc-row-grid")?.focusFirst();
  }

  readonly #up = (): void => {
    if (this.search === "" && this.directory !== ROOT) void this.#goTo(this.#tree.parent(this.directory));
  };

  readonly #onSort = (event: CustomEvent<string>): void => {
    const column = event.detail;
    // What is largest or newest is what one looks for.
    const isDescending = this.sort.column === column ? !this.sort.isDescending : column !== "name";
    this.sort = { column, isDescending };
  };

  protected override render(): TemplateResult {
    const tree = this.#tree;
    return html`<section class="stack" aria-labelledby="files">
      <div class="row spread">
        <h2 id="files">Files</h2>
        <p class="small muted" role="status">${this.#status()}</p>
      </div>
      <oc-problem .error=${this.problem} can-retry @retry=${() => void this.#load()}></oc-problem>
      <div class="row spread">
        ${this.#renderTrail()} ${searchField("Find by name", this.search, (text) => (this.search = text))}
      </div>
      ${
        this.rows.length === 0
          ? html`<p class="card muted" aria-busy=${this.isLoading}>${this.#emptyText()}</p>`
          : nothing
      }
      <oc-row-grid
        ?hidden=${this.rows.length === 0}
        .label=${this.search.trim() === "" ? "Entries of the directory" : "Entries found"}
        .columns=${COLUMNS}
        .rows=${this.rows}
        .cells=${this.#cells}
        .sort=${this.sort}
        @open=${this.#open}
        @back=${this.#up}
        @sort=${this.#onSort}
      ></oc-row-grid>
      <oc-file-preview .host=${this.host} .archive=${this.archive} .tree=${tree}></oc-file-preview>
    </section>`;
  }

  #status(): string {
    if (this.isLoading) return `Reading the list: ${count(this.#tree.size)} so far…`;
    if (this.search.trim() === "") return `${count(this.rows.length)} here, ${count(this.#tree.size)} in all`;
    const most = this.rows.length === MOST_FOUND ? "the first " : "";
    return `Found ${most}${count(this.rows.length)} of ${count(this.#tree.size)}`;
  }

  #emptyText(): string {
    if (this.isLoading) return "Loading…";
    return this.search.trim() === "" ? "Nothing is in this directory." : "No name holds this text.";
  }

  #renderTrail(): TemplateResult {
    const tree = this.#tree;
    const trail = [ROOT, ...tree.trail(this.directory)];
    return html`<nav aria-label="Directory" class="row">
      <ol>
        ${trail.map((entry, i) => {
          const name = entry === ROOT ? "Top" : shownName(tree.name(entry));
          return html`<li>
            ${
              i === trail.length - 1
                ? html`<bdi class="name" aria-current="location">${name}</bdi>`
                : html`<button type="button" class="plain" @click=${() => void this.#goTo(entry)}>
                    <bdi class="name">${name}</bdi>
                  </button>`
            }
          </li>`;
        })}
      </ol>
      ${
        this.directory === ROOT || tree.hasRawName(this.directory)
          ? nothing
          : html`<a class="small" href=${restoreHref(this.host, this.archive, tree.path(this.directory))}
              >Restore this directory…</a
            >`
      }
    </nav>`;
  }

  static override styles = [
    baseStyles,
    css`
      ol {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        align-items: center;
        max-width: 20rem;
        min-height: 2.25rem;
      }
      li:not(:first-child)::before {
        content: "/" / "";
        margin-inline: 0.25rem;
        color: var(--oc-muted);
      }
      li button {
        padding-inline: 0.25rem;
        color: var(--oc-link);
      }
      li > bdi {
        padding-inline: 0.25rem;
        font-weight: 600;
      }
      nav bdi {
        display: block;
        max-height: 3em;
        overflow: hidden;
      }
    `,
  ];
}

/** Directories first where names order. */
function orderOf(tree: EntryTree, { column, isDescending }: GridSort): (a: number, b: number) => number {
  const sign = isDescending ? -1 : 1;
  const names = new Intl.Collator(undefined, { numeric: true });
  const byName = (a: number, b: number): number => names.compare(tree.name(a), tree.name(b));
  switch (column) {
    case "size":
      return (a, b) => sign * (tree.bytes(a) - tree.bytes(b)) || byName(a, b);
    case "time":
      return (a, b) => sign * (tree.time(a) - tree.time(b)) || byName(a, b);
    default:
      return (a, b) => rank(tree, a) - rank(tree, b) || sign * byName(a, b);
  }
}

function rank(tree: EntryTree, entry: number): number {
  return tree.type(entry) === "directory" ? 0 : 1;
}

customElements.define("oc-entry-browser", EntryBrowserElement);
