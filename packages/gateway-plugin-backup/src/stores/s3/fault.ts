/**
 * What went wrong with a request to an S3 store, and whether repeating it can help.
 *
 * Decided on the error's name, the HTTP status and system error codes only: message texts differ between stores and are
 * often empty (Ceph), and may repeat parts of the request.
 */
import type { BackupErrorCode } from "../../errors.js";
import { AddressForbidden } from "../address-guard.js";

export interface Fault {
  readonly code: BackupErrorCode;
  /** The store's error name (`NoSuchBucket`), or a system error code (`ECONNREFUSED`). */
  readonly name: string;
  /** Undefined when no answer came. */
  readonly status?: number;
  /** `slower`: the store asks for fewer requests, so that every sender must wait, not only this one. */
  readonly repeat: "never" | "again" | "slower";
  /** True when the request may have taken effect although no good answer came. */
  readonly uncertain: boolean;
  /** What the person reads after "could not …:". */
  readonly reason: string;
  readonly hint?: string;
  /** Milliseconds that the store asked to wait. */
  readonly retryAfterMs?: number;
}

type FaultRule = Pick<Fault, "code"> & Partial<Pick<Fault, "repeat" | "hint">>;

const WRONG_REGION: FaultRule = {
  code: "BUCKET_NOT_FOUND",
  hint: "The bucket lies in another region: set the region (--region, or `region` of the destination).",
};
const WRONG_CREDENTIALS: FaultRule = { code: "STORE_DENIED" };
const EXPIRED_CREDENTIALS: FaultRule = {
  code: "STORE_DENIED",
  hint: "The temporary credentials have expired: renew them where the gateway finds them, then start again.",
};
const STORE_FULL: FaultRule = {
  code: "STORE_FAILED",
  hint: "The store's quota or space is used up: free space there, or raise the quota.",
};
const AGAIN: FaultRule = { code: "STORE_FAILED", repeat: "again" };
const SLOWER: FaultRule = { code: "STORE_UNREACHABLE", repeat: "slower" };

/** S3 error names: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const byName: Readonly<Record<string, FaultRule>> = {
  NoSuchBucket: { code: "BUCKET_NOT_FOUND" },
  InvalidBucketName: { code: "BUCKET_NOT_FOUND" },
  PermanentRedirect: WRONG_REGION,
  AuthorizationHeaderMalformed: WRONG_REGION,
  IllegalLocationConstraintException: WRONG_REGION,
  NoSuchKey: { code: "ARCHIVE_NOT_FOUND" },
  NoSuchUpload: {
    code: "STORE_FAILED",
    hint: "The upload was aborted from outside while it ran: look for a lifecycle rule that is too eager, then start again.",
  },
  RequestTimeTooSkewed: { code: "STORE_CLOCK_SKEW" },
  ExpiredToken: EXPIRED_CREDENTIALS,
  TokenRefreshRequired: EXPIRED_CREDENTIALS,
  InvalidToken: WRONG_CREDENTIALS,
  QuotaExceeded: STORE_FULL,
  XMinioStorageFull: STORE_FULL,
  SlowDown: SLOWER,
  TooManyRequests: SLOWER,
  RequestLimitExceeded: SLOWER,
  // The body was cut or altered on its way to the store; our copy of it is good.
  BadDigest: AGAIN,
  IncompleteBody: AGAIN,
  XAmzContentSHA256Mismatch: AGAIN,
  // S3 answers 400, not 408, when a body does not arrive in time.
  RequestTimeout: AGAIN,
  OperationAborted: AGAIN,
  ConditionalRequestConflict: AGAIN,
};

function byStatus(status: number): FaultRule {
  if (status === 401 || status === 403) return WRONG_CREDENTIALS;
  if (status === 404) return { code: "ARCHIVE_NOT_FOUND" };
  if (status === 429 || status === 503) return SLOWER;
  if (status === 507) return STORE_FULL;
  if (status === 301 || status === 307) return WRONG_REGION;
  // A good status with an answer that cannot be parsed is an answer that was cut.
  if (status === 408 || status === 500 || status === 502 || status === 504 || status < 300) return AGAIN;
  return { code: "STORE_FAILED" };
}

interface NetworkRule {
  readonly reason: string;
  readonly repeat: "never" | "again";
  /** The request cannot have reached the store. */
  readonly unsent?: boolean;
  readonly hint?: string;
}

const TLS_HINT =
  "The store's TLS certificate is not trusted: for a private authority set NODE_EXTRA_CA_CERTS for the gateway; check the endpoint's host name.";
const untrusted: NetworkRule = {
  reason: "its TLS certificate is not trusted",
  repeat: "never",
  unsent: true,
  hint: TLS_HINT,
};
const SCHEME_HINT = "Check the endpoint's scheme and port: http:// and https:// are easily mixed up.";

/** System, TLS and HTTP parser error codes as Node reports them. */
const byCode: Readonly<Record<string, NetworkRule>> = {
  ECONNREFUSED: { reason: "the connection was refused", repeat: "again", unsent: true },
  ENOTFOUND: { reason: "its host name is unknown", repeat: "again", unsent: true },
  EAI_AGAIN: { reason: "its host name cannot be resolved now", repeat: "again", unsent: true },
  EHOSTUNREACH: { reason: "there is no route to its host", repeat: "again", unsent: true },
  ENETUNREACH: { reason: "there is no route to its network", repeat: "again", unsent: true },
  ECONNRESET: { reason: "the connection broke", repeat: "again" },
  EPIPE: { reason: "the connection broke", repeat: "again" },
  ERR_STREAM_PREMATURE_CLOSE: { reason: "the connection broke", repeat: "again" },
  ETIMEDOUT: { reason: "it did not answer in time", repeat: "again" },
  EPROTO: { reason: "it does not speak TLS", repeat: "never", unsent: true, hint: SCHEME_HINT },
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  CERT_HAS_EXPIRED: untrusted,
  CERT_NOT_YET_VALID: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
};

/** The fields of an SDK error that are looked at; every one may be missing. */
interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
  readonly $response?: { readonly headers?: Readonly<Record<string, string | undefined>> };
}

/**
 * S3 may answer a long request 200 before it knows how it ends, and name an error in the body: the SDK then gives 503 in the
 * place of the status that belongs to the error.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const statusOf: Readonly<Record<string, number>> = {
  InvalidArgument: 400,
  InvalidPart: 400,
  InvalidRequest: 400,
  AccessDenied: 403,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  MethodNotAllowed: 405,
  PreconditionFailed: 412,
  InvalidRange: 416,
  InternalError: 500,
  NotImplemented: 501,
};

/** No request was made, because there were no credentials to sign it with. */
export class CredentialsFailure extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.reason);
    this.name = "CredentialsFailure";
    this.fault = fault;
  }
}

export function faultOf(error: unknown): Fault {
  if (error instanceof CredentialsFailure) return error.fault;
  if (error instanceof AddressForbidden) {
    const { code, message: reason } = error;
    return { code, name: code, repeat: "never", uncertain: false, reason };
  }
  const sdkError: SdkError = typeof error === "object" && error !== null ? error : {};
  const name = typeof sdkError.name === "string" ? sdkError.name : "Unknown";
  const answeredStatus = sdkError.$metadata?.httpStatusCode;
  const status = answeredStatus === 503 ? (statusOf[name] ?? 503) : answeredStatus;
  if (typeof status === "number") return answered(name, status, sdkError);
  return unanswered(name, typeof sdkError.code === "string" ? sdkError.code : undefined);
}

function answered(name: string, status: number, error: SdkError): Fault {
  const rule = byName[name] ?? byStatus(status);
  const repeat = rule.repeat ?? "never";
  const seconds = Number(error.$response?.headers?.["retry-after"]);
  return {
    ...rule,
    name,
    status,
    repeat,
    // A request that was told to come back later was not carried out.
    uncertain: (status >= 500 && name !== "SlowDown") || status < 300,
    reason:
      name === "Unknown"
        ? `the store answered HTTP ${status}`
        : `the store answered ${name} (HTTP ${status})`,
    ...(repeat === "slower" && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  };
}

function unanswered(name: string, code: string | undefined): Fault {
  const rule: NetworkRule | undefined = name === "TimeoutError" ? byCode["ETIMEDOUT"] : byCode[code ?? ""];
  if (rule !== undefined) {
    return {
      code: "STORE_UNREACHABLE",
      name: code ?? name,
      repeat: rule.repeat,
      uncertain: rule.unsent !== true,
      reason: rule.reason,
      ...(rule.hint === undefined ? {} : { hint: rule.hint }),
    };
  }
  if (code?.startsWith("HPE_") === true) {
    const reason = "it does not speak HTTP";
    return {
      code: "STORE_UNREACHABLE",
      name: code,
      repeat: "never",
      uncertain: false,
      reason,
      hint: SCHEME_HINT,
    };
  }
  const reason = `the request failed with ${code ?? name}`;
  return { code: "STORE_FAILED", name: code ?? name, repeat: "never", uncertain: true, reason };
}
