/** An archive as its own index describes it, for the routes. */
import type { ShownArchive } from "../jobs/archive-parts.js";
import { archiveView } from "./job-view.js";
import type { ArchiveContentsView } from "./schemas.js";

export function archiveContentsView({ location, found, signedBy, known }: ShownArchive): ArchiveContentsView {
  const { header, segments, flagged, size, etag, modifiedAt, indexSha256, indexBytes } = found;
  const { format, tenant, uid, createdAt, producer, totals, warnings } = header;
  // An object that took the archive's place is not what the catalogue describes.
  const isKnown = known?.indexSha256 === indexSha256;
  return {
    location,
    size,
    etag,
    storedAt: new Date(modifiedAt).toISOString(),
    formatVersion: format,
    tenant,
    uid,
    createdAt,
    producer,
    totals: { ...totals },
    ratio: totals.tarBytes / size,
    segments: [...segments],
    index: { bytes: indexBytes, sha256: indexSha256 },
    signedBy: { ...signedBy },
    flagged: { ...flagged },
    warnings: [...warnings],
    ...(known !== undefined && isKnown && { catalogue: archiveView(known) }),
    ...(known !== undefined && !isKnown && { replaced: archiveView(known) }),
  };
}
