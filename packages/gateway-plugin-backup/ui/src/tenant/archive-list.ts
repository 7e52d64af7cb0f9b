import { baseStyles, bytes, dateTime, duration, relativeTime, type UiHost } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { apiRoot, type Accepted } from "../jobs/job-view.js";
import { notifyError } from "../notify-error.js";
import type { Archive } from "./tenant-data.js";

const SHOWN_FIRST = 20;

const STATES: Readonly<Record<string, readonly [sign: string, word: string, kind: string]>> = {
  good: ["✓", "Good", "good"],
  damaged: ["▲", "Damaged", "bad"],
  lost: ["?", "Lost", "bad"],
  trash: ["–", "In the trash", ""],
  removing: ["–", "Being removed", ""],
  deleted: ["–", "Removed", ""],
};

/** A tenant's archives, newest first, with what can be done with each. Dispatches `changed`. */
export class ArchiveListElement extends LitElement {
  static override properties = {
    host: { attribute: false },
    archives: { attribute: false },
    canRestore: { type: Boolean },
    limit: { state: true },
    doomed: { state: true },
  };
  declare host: UiHost;
  declare archives: readonly Archive[];
  declare canRestore: boolean;
  declare limit: number;
  /** The one whose removal is asked about. */
  declare doomed: Archive | undefined;

  constructor() {
    super();
    this.archives = [];
    this.canRestore = false;
    this.limit = SHOWN_FIRST;
    this.doomed = undefined;
  }

  protected override render(): TemplateResult {
    if (this.archives.length === 0) return html`<p class="muted">There is no backup yet.</p>`;
    const rest = this.archives.length - this.limit;
    return html`<ol class="list">
        ${this.archives.slice(0, this.limit).map((archive) => this.#renderArchive(archive))}
      </ol>
      ${
        rest > 0
          ? html`<p>
              <button type="button" @click=${() => (this.limit += 100)}>Show ${rest} older ones</button>
            </p>`
          : nothing
      }
      <dialog aria-labelledby="remove" @close=${() => (this.doomed = undefined)}>
        <form method="dialog" class="stack" @submit=${this.#remove}>
          <h2 id="remove">Remove this backup?</h2>
          <p>
            ${this.doomed === undefined ? "" : dateTime(this.doomed.createdAt)}. It goes to the trash for a
            while, where the config says so, and is then gone for good.
          </p>
          <div class="row">
            <button class="danger" value="remove">Remove</button>
            <button type="button" @click=${() => this.#dialog?.close()}>Keep it</button>
          </div>
        </form>
      </dialog>`;
  }

  #renderArchive(archive: Archive): TemplateResult {
    const { id, createdAt, size, sentBytes, durationMs, damage, location, name, state = "good" } = archive;
    const [sign, word, kind] = STATES[state] ?? ["·", state, ""];
    const figures = [
      bytes(size),
      ...(sentBytes === undefined ? [] : [`${bytes(sentBytes)} sent`]),
      ...(durationMs === undefined ? [] : [`took ${duration(durationMs)}`]),
    ];
    const when = dateTime(createdAt);
    return html`<li>
      <div class="stack tight">
        <div class="row">
          <span class="badge ${kind}"><span aria-hidden="true">${sign}</span>${word}</span>
          <strong>${when}</strong>
          <span class="muted small">${relativeTime(createdAt)}</span>
        </div>
        <div class="small">${figures.join(" · ")}</div>
        <div class="row small marks">
          ${this.#marks(archive).map((mark) => html`<span class="badge">${mark}</span>`)}
        </div>
        <div class="small muted name">${location ?? name}</div>
        ${damage === undefined ? nothing : html`<p class="small name">${damage.message}</p>`}
      </div>
      <div class="row actions">
        <a
          class="button"
          href=${this.host.href(`archives/${encodeURIComponent(id)}`)}
          aria-label="Look inside ${when}"
          >Look inside</a
        >
        ${
          this.canRestore
            ? html`<a
                class="button"
                href=${this.host.href(`restore/${encodeURIComponent(id)}`)}
                aria-label="Restore ${when}"
                >Restore…</a
              >`
            : nothing
        }
        ${this.host.viewer.kind === "admin" ? this.#renderAdmin(archive, when) : nothing}
      </div>
    </li>`;
  }

  #marks({ encryption, signedBy, pinnedAt, lock, verifiedAt, trash }: Archive): string[] {
    return [
      ...(verifiedAt === undefined ? ["not verified"] : [`verified ${relativeTime(verifiedAt)}`]),
      ...(encryption === undefined ? [] : [`encrypted (${encryption})`]),
      ...(signedBy === undefined ? [] : ["signed"]),
      ...(pinnedAt === undefined ? [] : ["pinned"]),
      ...(lock === undefined ? [] : [`locked until ${dateTime(lock.until)}`]),
      ...(trash === undefined ? [] : [`in the trash until ${dateTime(trash.until)}`]),
    ];
  }

  #renderAdmin(archive: Archive, when: string): TemplateResult {
    const isPinned = archive.pinnedAt !== undefined;
    const path = `/api/admin/backups/${encodeURIComponent(archive.id)}`;
    return html`<button type="button" aria-label="Verify ${when}" @click=${() => void this.#verify(archive)}>
        Verify
      </button>
      <button
        type="button"
        aria-label="${isPinned ? "Unpin" : "Pin"} ${when}"
        @click=${() => void this.#call(isPinned ? "DELETE" : "PUT", `${path}/pin`)}
      >
        ${isPinned ? "Unpin" : "Pin"}
      </button>
      ${
        isPinned
          ? nothing
          : html`<button
              type="button"
              class="danger"
              aria-label="Remove ${when}"
              @click=${() => this.#ask(archive)}
            >
              Remove…
            </button>`
      }`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  #ask(archive: Archive): void {
    this.doomed = archive;
    this.#dialog?.showModal();
  }

  readonly #remove = (): void => {
    const { doomed } = this;
    if (doomed !== undefined) void this.#start("DELETE", `/backups/${encodeURIComponent(doomed.id)}`);
  };

  async #verify({ id }: Archive): Promise<void> {
    await this.#start("POST", "/backups/verify", { archive: id, level: "full" });
  }

  /** Starts a job and goes to its page. */
  async #start(method: "POST" | "DELETE", path: string, body?: object): Promise<void> {
    try {
      const { job } = await this.host.api.send<Accepted>(method, apiRoot(this.host) + path, body);
      this.host.navigate(`jobs/${encodeURIComponent(job.id)}`);
    } catch (error) {
      notifyError(this.host, error);
    }
  }

  async #call(method: "PUT" | "DELETE", path: string): Promise<void> {
    try {
      await this.host.api.send(method, path);
    } catch (error) {
      notifyError(this.host, error);
    }
    this.dispatchEvent(new Event("changed"));
  }

  static override styles = [
    baseStyles,
    css`
      .list {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .list > li {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0.5rem 1rem;
        padding-block: 0.75rem;
        border-bottom: 1px solid var(--oc-border);
      }
      .list > li:last-child {
        border: none;
      }
      .list > li > div:first-child {
        flex: 1 1 22rem;
        min-width: 0;
      }
      .actions {
        align-content: start;
      }
      .actions > * {
        min-height: 1.875rem;
        padding: 0 0.625rem;
      }
      .marks {
        gap: 0.25rem;
      }
    `,
  ];
}

customElements.define("oc-archive-list", ArchiveListElement);
