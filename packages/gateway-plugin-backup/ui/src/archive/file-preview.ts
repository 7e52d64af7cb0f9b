import { baseStyles, bytes, dateTime, defineProblem, type UiHost, shownName } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { EntryTree } from "./entry-tree.js";
import { chosen } from "./keys.js";

defineProblem();

/** Enough to see what a file is; the rest can be downloaded. */
const PREVIEW_BYTES = 64 * 1024;

/** A browser keeps what it downloads this way in memory. */
const LARGE_BYTES = 512 * 1024 * 1024;

type Preview =
  | { readonly kind: "loading" }
  | { readonly kind: "text"; readonly text: string; readonly isCut: boolean }
  | { readonly kind: "binary" }
  | { readonly kind: "failed"; readonly error: unknown };

/** One entry of an archive, in a dialog: its first part as text, its download, and the way to restore it. */
export class FilePreviewElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    archive: { attribute: false },
    tree: { attribute: false },
    entry: { state: true },
    preview: { state: true },
    isDownloading: { state: true },
    problem: { state: true },
  };
  declare host: UiHost;
  declare archive: string;
  declare tree: EntryTree;
  declare entry: number | undefined;
  declare preview: Preview;
  declare isDownloading: boolean;
  /** Why it could not be downloaded. */
  declare problem: unknown;
  #loading: AbortController | undefined;

  constructor() {
    super();
    this.entry = undefined;
    this.preview = { kind: "loading" };
    this.isDownloading = false;
    this.problem = undefined;
  }

  override disconnectedCallback(): void {
    this.#loading?.abort();
    super.disconnectedCallback();
  }

  async open(entry: number): Promise<void> {
    this.entry = entry;
    this.problem = undefined;
    this.preview = { kind: "loading" };
    await this.updateComplete;
    this.renderRoot.querySelector("dialog")?.showModal();
    if (this.tree.type(entry) === "file" && !this.tree.hasRawName(entry)) await this.#load(entry);
  }

  async #load(entry: number): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    try {
      const body = this.#body(entry);
      const read = this.host.api.firstBytes("/api/admin/archives/cat", body, PREVIEW_BYTES, loading.signal);
      const content = await read;
      if (!loading.signal.aborted) this.preview = previewOf(content, this.tree.bytes(entry));
    } catch (error) {
      if (!loading.signal.aborted) this.preview = { kind: "failed", error };
    }
  }

  #body(entry: number): object {
    return { ...chosen(this.host, this.archive), path: this.tree.path(entry) };
  }

  readonly #download = async (): Promise<void> => {
    const { entry } = this;
    if (entry === undefined) return;
    this.isDownloading = true;
    this.problem = undefined;
    try {
      const blob = await this.host.api.blob("/api/admin/archives/cat", this.#body(entry));
      save(blob, this.tree.name(entry));
    } catch (error) {
      this.problem = error;
    } finally {
      this.isDownloading = false;
    }
  };

  readonly #close = (): void => {
    this.#loading?.abort();
    this.renderRoot.querySelector("dialog")?.close();
  };

  protected override render(): TemplateResult {
    const { entry } = this;
    return html`<dialog aria-labelledby="title">
      ${entry === undefined ? nothing : this.#renderEntry(entry)}
    </dialog>`;
  }

  #renderEntry(entry: number): TemplateResult {
    const { tree } = this;
    const path = tree.path(entry);
    const size = tree.bytes(entry);
    const isFile = tree.type(entry) === "file";
    const hasRawName = tree.hasRawName(entry);
    return html`<div class="stack">
      <div class="row spread head">
        <h2 id="title" class="name">${shownName(tree.name(entry))}</h2>
        <button type="button" @click=${this.#close}>Close</button>
      </div>
      <p class="small muted">
        <bdi class="name">${shownName(path)}</bdi><br />
        ${isFile ? `${bytes(size)}, changed ${dateTime(tree.time(entry))}` : nothing}
        ${
          tree.target(entry) === undefined
            ? nothing
            : html`Link to <code><bdi class="name">${shownName(tree.target(entry) ?? "")}</bdi></code>`
        }
        ${tree.flags(entry).includes("database") ? "A database, copied while in use." : nothing}
      </p>
      ${
        hasRawName
          ? html`<p>
              This name is not UTF-8. It cannot be asked for by its name; a restore of the directory or of the
              whole tenant brings it back.
            </p>`
          : html`${isFile ? this.#renderPreview(size) : nothing}
              <oc-problem .error=${this.problem}></oc-problem>
              ${
                isFile && size > LARGE_BYTES
                  ? html`<p class="small muted">
                      This is a large file. \`openclaw backups cat\` needs less memory than a browser.
                    </p>`
                  : nothing
              }
              <div class="row">
                ${
                  isFile
                    ? html`<button type="button" ?disabled=${this.isDownloading} @click=${this.#download}>
                        ${this.isDownloading ? "Downloading…" : "Download"}
                      </button>`
                    : nothing
                }
                <a class="button" href=${restoreHref(this.host, this.archive, path)}>Restore this path…</a>
              </div>`
      }
    </div>`;
  }

  #renderPreview(size: number): TemplateResult {
    const { preview } = this;
    switch (preview.kind) {
      case "loading":
        return html`<p class="muted" aria-busy="true">Loading…</p>`;
      case "failed":
        return html`<oc-problem .error=${preview.error}></oc-problem>`;
      case "binary":
        return html`<p>This file is not text. Download it to open it.</p>`;
      case "text":
        return html`${
          size === 0
            ? html`<p class="muted">The file is empty.</p>`
            : html`<pre tabindex="0" dir="auto" aria-label="Content">${preview.text}</pre>`
        }
        ${
          preview.isCut
            ? html`<p class="small muted">The first ${bytes(PREVIEW_BYTES)} of ${bytes(size)}.</p>`
            : nothing
        }`;
    }
  }

  static override styles = [
    baseStyles,
    css`
      dialog {
        width: min(56rem, calc(100vw - 2rem));
      }
      .head {
        flex-wrap: nowrap;
        align-items: start;
      }
      pre {
        max-height: 50vh;
        margin: 0;
        padding: 0.75rem;
        border: 1px solid var(--oc-border);
        border-radius: var(--oc-radius);
        background: var(--oc-background);
        overflow: auto;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

/** Place of the wizard that restores one path of an archive. */
export function restoreHref(host: UiHost, archive: string, path = ""): string {
  const place = `restore/${encodeURIComponent(archive)}`;
  return host.href(path === "" ? place : `${place}/${encodeURIComponent(path)}`);
}

/** Text is UTF-8 without a NUL; the last character may be cut. */
function previewOf(content: Uint8Array, size: number): Preview {
  const isCut = content.length < size;
  if (content.includes(0)) return { kind: "binary" };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content, { stream: isCut });
    return { kind: "text", text, isCut };
  } catch {
    return { kind: "binary" };
  }
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

customElements.define("oc-file-preview", FilePreviewElement);
