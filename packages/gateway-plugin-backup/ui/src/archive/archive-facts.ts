import { baseStyles, bytes, count, dateTime, relativeTime, shownName } from "@openclaw/ui-kit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { ArchiveContents, CatalogueArchive } from "./archive-view.js";

/** Warnings that are shown before they are asked for. */
const SHOWN_WARNINGS = 5;

/** What an archive's index tells of it, and what the catalogue knows. */
export class ArchiveFactsElement extends LitElement {
  static override properties = { contents: { attribute: false } };
  declare contents: ArchiveContents;

  protected override render(): TemplateResult {
    const { contents } = this;
    const { catalogue, totals, flagged, warnings, replaced } = contents;
    return html`<div class="stack">
      ${
        replaced === undefined
          ? nothing
          : html`<p class="error">
              Another archive stands at this place than the one that the catalogue expects there, made
              ${dateTime(replaced.createdAt)}.
            </p>`
      }
      ${stateNote(catalogue)}
      <dl class="facts card">
        <dt>Tenant</dt>
        <dd><bdi class="name">${contents.tenant}</bdi></dd>
        <dt>Made</dt>
        <dd>
          <time datetime=${contents.createdAt}>${dateTime(contents.createdAt)}</time>
          <span class="muted">(${relativeTime(contents.createdAt)}, ${contents.producer})</span>
        </dd>
        <dt>Stored size</dt>
        <dd>${bytes(contents.size)} <span class="muted">of ${bytes(totals.contentBytes)} in files</span></dd>
        <dt>Holds</dt>
        <dd>${holds(contents)}</dd>
        ${
          flagged.database + flagged.truncated + flagged.changed === 0
            ? nothing
            : html`<dt>Of these</dt>
                <dd>${flagText(flagged)}</dd>`
        }
        <dt>Encryption</dt>
        <dd>${encryptionText(catalogue)}</dd>
        ${
          contents.signedBy === undefined
            ? nothing
            : html`<dt>Signature</dt>
                <dd>${signature(contents.signedBy)}</dd>`
        }
        <dt>Verified</dt>
        <dd>${verified(catalogue)}</dd>
        ${
          catalogue?.pinnedAt === undefined
            ? nothing
            : html`<dt>Pinned</dt>
                <dd>${dateTime(catalogue.pinnedAt)}: it is not pruned</dd>`
        }
        ${
          catalogue?.lock === undefined
            ? nothing
            : html`<dt>Locked</dt>
                <dd>Until ${dateTime(catalogue.lock.until)} (${catalogue.lock.mode})</dd>`
        }
        ${place(contents)}
      </dl>
      ${
        warnings.length === 0
          ? nothing
          : html`<details class="card" ?open=${warnings.length <= SHOWN_WARNINGS}>
              <summary>
                ${warnings.length === 1 ? "1 warning" : `${count(warnings.length)} warnings`} of the backup
              </summary>
              <ul>
                ${warnings.map(
                  ({ path, message }) =>
                    html`<li>
                      ${
                        path === undefined
                          ? nothing
                          : html`<code><bdi class="name">${shownName(path)}</bdi></code
                              >:`
                      }
                      ${message}
                    </li>`,
                )}
              </ul>
            </details>`
      }
    </div>`;
  }

  static override styles = [
    baseStyles,
    css`
      ul {
        margin: 0.5rem 0 0;
        padding-inline-start: 1.25rem;
      }
      li {
        overflow-wrap: anywhere;
      }
    `,
  ];
}

/** `20,000 files, 12 directories, 3 links`. */
export function holds({ totals }: Pick<ArchiveContents, "totals">): string {
  const { files, directories, symlinks } = totals;
  const links = symlinks === 0 ? "" : `, ${count(symlinks)} ${symlinks === 1 ? "link" : "links"}`;
  return `${count(files)} ${files === 1 ? "file" : "files"}, ${count(directories)} ${directories === 1 ? "directory" : "directories"}${links}`;
}

function flagText({ database, truncated, changed }: ArchiveContents["flagged"]): string {
  return [
    ...(database === 0
      ? []
      : [`${count(database)} ${database === 1 ? "database" : "databases"}, copied while in use`]),
    ...(truncated === 0 ? [] : [`${count(truncated)} shorter than when the backup began`]),
    ...(changed === 0 ? [] : [`${count(changed)} changed while being read`]),
  ].join(", ");
}

function encryptionText(catalogue: CatalogueArchive | undefined): string {
  switch (catalogue?.encryption) {
    case undefined:
      return catalogue === undefined ? "Not known to the catalogue" : "None";
    case "age":
      return "Encrypted with age";
    case "pipe":
      return "Encrypted by a program";
    default:
      return catalogue?.encryption ?? "";
  }
}

export function signature({ trust, keyId }: { trust: string; keyId?: string }): TemplateResult {
  const key = keyId === undefined ? nothing : html` <code class="muted">${keyId}</code>`;
  switch (trust) {
    case "own":
      return html`<span class="badge good"><span aria-hidden="true">✓</span>By this gateway</span>${key}`;
    case "trusted":
      return html`<span class="badge good"><span aria-hidden="true">✓</span>By a trusted key</span>${key}`;
    case "stranger":
      return html`<span class="badge warning"
          ><span aria-hidden="true">!</span>By a key that is not trusted</span
        >${key}`;
    default:
      return html`<span class="badge">Not signed</span>`;
  }
}

function verified(catalogue: CatalogueArchive | undefined): TemplateResult {
  const { damage, verifiedAt } = catalogue ?? {};
  if (damage !== undefined)
    return html`<span class="badge bad"><span aria-hidden="true">✕</span>Damaged</span> ${damage.message}
      <span class="muted">(found ${relativeTime(damage.foundAt)})</span>`;
  if (verifiedAt === undefined) return html`<span class="badge">Not yet</span>`;
  return html`<span class="badge good"><span aria-hidden="true">✓</span>${relativeTime(verifiedAt)}</span>
    <span class="muted">every byte, ${dateTime(verifiedAt)}</span>`;
}

function stateNote(catalogue: CatalogueArchive | undefined): TemplateResult | typeof nothing {
  switch (catalogue?.state) {
    case "trash":
      return html`<p class="error">
        This archive is in the trash${catalogue.trash && ` until ${dateTime(catalogue.trash.until)}`}.
      </p>`;
    case "lost":
      return html`<p class="error">The archive was not found where it was put.</p>`;
    case "removing":
      return html`<p class="error">This archive is being removed.</p>`;
    default:
      return nothing;
  }
}

function place({ location, catalogue }: ArchiveContents): TemplateResult | typeof nothing {
  const text =
    location ?? [catalogue?.destination, catalogue?.name].filter((part) => part !== undefined).join(": ");
  if (text === "") return nothing;
  return html`<dt>Place</dt>
    <dd>
      <code><bdi class="name">${text}</bdi></code>
    </dd>`;
}

customElements.define("oc-archive-facts", ArchiveFactsElement);
