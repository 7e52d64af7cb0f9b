/**
 * What is known of providers that a probe does not find out, or finds out only when it matters. Recognised by the end of the
 * endpoint's host name, or by the `Server` header where a program sets one of its own.
 */

export interface Provider {
  readonly name: string;
  /** Sentences: a peculiarity, and what follows. */
  readonly quirks: readonly string[];
}

interface KnownProvider extends Provider {
  readonly hosts?: RegExp;
  readonly server?: RegExp;
}

/*
 * https://developers.cloudflare.com/r2/objects/multipart-objects/
 * https://www.backblaze.com/docs/cloud-storage-lifecycle-rules
 * https://cloud.google.com/storage/docs/interoperability
 * https://www.scaleway.com/en/docs/object-storage/api-cli/multipart-uploads/
 * Ceph: measured with RADOS Gateway 16.2.
 */
const PROVIDERS: readonly KnownProvider[] = [
  { name: "Amazon S3", hosts: /(^|\.)amazonaws\.com(\.cn)?$/, quirks: [] },
  {
    name: "Cloudflare R2",
    hosts: /\.r2\.cloudflarestorage\.com$/,
    quirks: ["It wants all parts of an object but the last to have one size: uploads are made so."],
  },
  {
    name: "Backblaze B2",
    hosts: /\.backblazeb2\.com$/,
    quirks: [
      "It keeps every version of a file unless a lifecycle rule says otherwise: a prune removes exactly the version of an archive, but what other programs delete is only hidden, and is paid for.",
    ],
  },
  {
    name: "Google Cloud Storage",
    hosts: /(^|\.)storage\.googleapis\.com$/,
    quirks: ["Its S3 interface does not copy parts: every backup is a full upload."],
  },
  {
    name: "Storj",
    hosts: /(^|\.)gateway\.storjshare\.io$/,
    quirks: ["It does not copy parts: every backup is a full upload."],
  },
  {
    name: "Scaleway",
    hosts: /\.scw\.cloud$/,
    quirks: ["It takes 1,000 parts for an object: parts are made larger, so that they suffice."],
  },
  { name: "MinIO", server: /^MinIO\b/i, quirks: [] },
  {
    name: "Ceph",
    server: /^Ceph\b/i,
    quirks: [
      "It ignores the condition against overwriting when an object is made of parts: the gateway looks first, which a writer at the same moment can slip past.",
      "A source of a copy whose name holds a '%' makes it fail: an archive with such a name is no base of the next.",
    ],
  },
];

/** Undefined: nobody that is known. */
export function providerOf(host: string, server: string): Provider | undefined {
  const found = PROVIDERS.find((known) => known.hosts?.test(host) ?? known.server?.test(server));
  return found && { name: found.name, quirks: found.quirks };
}
