import type { IncomingMessage } from "node:http";

export type S3Operation =
  | "HeadObject"
  | "GetObject"
  | "PutObject"
  | "DeleteObject"
  | "ListObjectsV2"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "UploadPartCopy"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "ListParts"
  | "ListMultipartUploads"
  | "other";

export interface SeenRequest {
  readonly operation: S3Operation;
  /** Path with bucket and key, decoded. */
  readonly path: string;
  /** Of `UploadPart` and `UploadPartCopy`. */
  readonly partNumber: number | undefined;
  readonly headers: IncomingMessage["headers"];
}

export function seenRequest(incoming: IncomingMessage): SeenRequest {
  const url = new URL(incoming.url ?? "/", "http://proxy");
  const isCopy = incoming.headers["x-amz-copy-source"] !== undefined;
  const operation = operationOf(incoming.method ?? "", url, isCopy);
  return {
    operation,
    path: decodeURIComponent(url.pathname),
    partNumber:
      operation === "UploadPart" || operation === "UploadPartCopy"
        ? Number(url.searchParams.get("partNumber"))
        : undefined,
    headers: incoming.headers,
  };
}

function operationOf(method: string, { pathname, searchParams }: URL, isCopy: boolean): S3Operation {
  const ofUpload = searchParams.has("uploadId");
  const ofObject = /^\/[^/]+\/./.test(pathname);
  if (method === "POST" && searchParams.has("uploads")) return "CreateMultipartUpload";
  if (method === "POST" && ofUpload) return "CompleteMultipartUpload";
  if (method === "PUT" && ofUpload) return isCopy ? "UploadPartCopy" : "UploadPart";
  if (method === "DELETE" && ofUpload) return "AbortMultipartUpload";
  if (method === "GET" && ofUpload) return "ListParts";
  if (method === "GET" && searchParams.has("uploads")) return "ListMultipartUploads";
  if (method === "GET" && searchParams.get("list-type") === "2") return "ListObjectsV2";
  if (!ofObject) return "other";
  const plain: Readonly<Record<string, S3Operation>> = {
    HEAD: "HeadObject",
    GET: "GetObject",
    PUT: "PutObject",
    DELETE: "DeleteObject",
  };
  return plain[method] ?? "other";
}
