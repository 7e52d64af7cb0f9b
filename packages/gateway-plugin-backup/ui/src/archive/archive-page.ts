import { baseStyles, dateTime, defineProblem, type UiHost } from "@openclaw/ui-kit";
import { Task, TaskStatus } from "@lit/task";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { isAboutKey, showArchive, type ArchiveContents, type Decrypt } from "./archive-view.js";
import { restoreHref } from "./file-preview.js";
import { chosen, rememberKey } from "./keys.js";
import "./archive-facts.js";
import "./entry-browser.js";
import "./key-form.js";

defineProblem();

/** One archive: what it is, and what is in it. */
export class ArchivePage extends LitElement {
  static override properties = { host: { attribute: false }, archive: { attribute: false } };
  declare host: UiHost;
  /** Its id, or where it lies. */
  declare archive: string;

  readonly #contents = new Task(this, {
    args: () => [this.host, this.archive] as const,
    task: ([host, archive]) => showArchive(host, chosen(host, archive)),
  });

  /** What is in an archive does not change: only one that could not be looked into is looked into again. */
  refresh(): void {
    if (this.#contents.status === TaskStatus.ERROR) void this.#contents.run();
  }

  readonly #onKey = (event: CustomEvent<Decrypt>): void => {
    rememberKey(this.host, this.archive, event.detail);
    void this.#contents.run();
  };

  protected override render(): TemplateResult {
    const { status, value, error } = this.#contents;
    if (status === TaskStatus.ERROR)
      return html`<div class="stack">
        <h1>Archive</h1>
        ${
          isAboutKey(error)
            ? html`<oc-key-form .error=${error} @key=${this.#onKey}></oc-key-form>`
            : html`<oc-problem
                .error=${error}
                can-retry
                @retry=${() => void this.#contents.run()}
              ></oc-problem>`
        }
      </div>`;
    if (status !== TaskStatus.COMPLETE || value === undefined)
      return html`<div class="stack">
        <h1>Archive</h1>
        <p class="muted" aria-busy="true">Loading…</p>
      </div>`;
    return this.#renderContents(value);
  }

  #renderContents(contents: ArchiveContents): TemplateResult {
    const { host, archive } = this;
    const isAdmin = host.viewer.kind === "admin";
    const tenant = contents.tenant;
    return html`<div class="stack">
      <div class="row spread">
        <h1>
          Archive of <a href=${host.href(`tenants/${encodeURIComponent(tenant)}`)}><bdi>${tenant}</bdi></a
          >, ${dateTime(contents.createdAt)}
        </h1>
        <div class="row">
          ${
            isAdmin
              ? html`<a class="button" href=${host.href(`compare/${encodeURIComponent(archive)}/live`)}
                  >Compare…</a
                >`
              : nothing
          }
          <a class="button primary" href=${restoreHref(host, archive)}>Restore…</a>
        </div>
      </div>
      <oc-archive-facts .contents=${contents}></oc-archive-facts>
      ${
        isAdmin
          ? html`<oc-entry-browser .host=${host} .archive=${archive}></oc-entry-browser>`
          : html`<p class="muted small">
              What is inside of an archive is shown to the gateway's admin only.
            </p>`
      }
    </div>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-backup-archive", ArchivePage);
