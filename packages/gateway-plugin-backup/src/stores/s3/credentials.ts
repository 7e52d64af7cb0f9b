/**
 * Where an S3 client finds its credentials, and what it says when it does not find them.
 *
 * The providers are the AWS SDK's: static keys, a profile (keys, `credential_process`, SSO, `role_arn`, web identity), or
 * the default chain (environment, default profile, web identity, container, machine role). They are asked anew five
 * minutes before what they gave expires, so that a job may take longer than its credentials live.
 */
import type * as Sdk from "@aws-sdk/client-s3";
import type { S3Credentials } from "../settings.js";
import { CredentialsFailure, faultOf, type Fault } from "./fault.js";

type ClientCredentials = Pick<Sdk.S3ClientConfig, "credentials" | "profile">;

/** The part of a client's config that gives it credentials. Nothing is read or contacted before the first request. */
export async function clientCredentials(credentials: S3Credentials | undefined): Promise<ClientCredentials> {
  if (credentials !== undefined && !("profile" in credentials)) return { credentials };
  const source = sourceOf(credentials?.profile, process.env);
  const provide = await provider(credentials?.profile);
  return {
    ...(credentials === undefined ? {} : { profile: credentials.profile }),
    credentials: async (properties) => {
      try {
        return await provide(properties);
      } catch (error) {
        // Without `cause`: of a credential_process it holds the command line and what the program said.
        throw new CredentialsFailure(credentialsFault(error, source));
      }
    },
  };
}

async function provider(profile: string | undefined) {
  // `ignoreCache`: the SDK would keep ~/.aws/config and ~/.aws/credentials as this thread read them first, for as long
  // as it lives, and keys that were replaced since would not be seen.
  if (profile === undefined) {
    const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
    return defaultProvider({ ignoreCache: true });
  }
  // Not the default chain: for a profile that does not exist it would go on to the machine's role, and archives would be
  // written under an identity that nobody named.
  const { fromIni } = await import("@aws-sdk/credential-provider-ini");
  return fromIni({ profile, ignoreCache: true });
}

/** What is asked for credentials. */
export interface CredentialsSource {
  /** As a sentence names it. */
  readonly subject: string;
  /** What `aws sso login --profile` takes. */
  readonly profile: string;
  /** False when nothing says that there are credentials at all. */
  readonly isConfigured: boolean;
}

/** The source that a job was told of: a profile, or the first that the environment points to. */
export function sourceOf(
  profile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): CredentialsSource {
  const source = (subject: string, named = "default", isConfigured = true): CredentialsSource => ({
    subject,
    profile: named,
    isConfigured,
  });
  const isSet = (name: string): boolean => (env[name] ?? "") !== "";
  if (profile !== undefined) return source(`the profile ${profile}`, profile);
  if (isSet("AWS_PROFILE"))
    return source(`the profile ${env["AWS_PROFILE"]} (AWS_PROFILE)`, env["AWS_PROFILE"]);
  if (isSet("AWS_WEB_IDENTITY_TOKEN_FILE"))
    return source("the web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN)");
  if (isSet("AWS_CONTAINER_CREDENTIALS_FULL_URI") || isSet("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
    return source("the container's credentials service (AWS_CONTAINER_CREDENTIALS_*)");
  return source("the AWS chain", "default", false);
}

/** The fields of a provider's error that are looked at; every one may be missing. */
interface ProviderError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly path?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
}

/** Names with which AWS STS answers to a token that it does not take. */
const TOKEN_REFUSED = /^(ExpiredToken|InvalidIdentityToken|IDPRejectedClaim)(Exception)?$/;

/**
 * What it means that a provider failed. Its message decides, where its name does not, but is never shown: that of a
 * `credential_process` holds a command line and the program's output.
 */
export function credentialsFault(thrown: unknown, source: CredentialsSource): Fault {
  const error: ProviderError = typeof thrown === "object" && thrown !== null ? thrown : {};
  const name = typeof error.name === "string" ? error.name : "Unknown";
  if (name === "CredentialsProviderError" || name === "TokenProviderError")
    return withoutCredentials(name, String(error.message), source);
  const status = error.$metadata?.httpStatusCode;
  if (typeof status === "number") return refused(name, status, source);
  if (typeof error.code === "string" && typeof error.path === "string") {
    return missing(
      error.code,
      `the token file ${error.path} of ${source.subject} cannot be read (${error.code})`,
      {
        hint: "It must be there, and readable for the gateway's user, whenever a job asks for credentials.",
      },
    );
  }
  const fault = faultOf(thrown);
  if (fault.code !== "STORE_UNREACHABLE")
    return missing(name, `asking ${source.subject} for credentials failed with ${fault.name}`);
  return {
    ...fault,
    uncertain: false,
    reason: `the service that gives ${source.subject} its credentials cannot be reached: ${fault.reason}`,
    hint: "Check the network between the gateway and AWS STS, or what AWS_ENDPOINT_URL_STS names.",
  };
}

function withoutCredentials(name: string, message: string, source: CredentialsSource): Fault {
  const { subject, profile } = source;
  if (/ForbiddenException/.test(message)) {
    return missing(name, `the SSO session of ${subject} has no right to its account and role`, {
      hint: `Check sso_account_id and sso_role_name of ${subject}, and who is signed in.`,
    });
  }
  if (/aws sso login|UnauthorizedException/.test(message)) {
    return missing(name, `the SSO session of ${subject} has expired, or there is none`, {
      hint: `Sign in as the gateway's user on its machine: aws sso login --profile ${profile}`,
    });
  }
  if (/credential_process|^Command failed/.test(message)) {
    return missing(name, `the credential_process of ${subject} failed`, {
      hint: "Run the command as the gateway's user to see why: what it says is not shown here, because it may hold secrets.",
    });
  }
  return missing(
    name,
    source.isConfigured ? `${subject} gives no credentials` : "no credentials were found",
    {
      ...(subject.startsWith("the profile")
        ? { hint: "Profiles stand in ~/.aws/config and ~/.aws/credentials of the gateway's user." }
        : {}),
    },
  );
}

/** An answer of AWS STS. */
function refused(name: string, status: number, { subject }: CredentialsSource): Fault {
  const reason = `AWS STS gave ${subject} no credentials: ${name} (HTTP ${status})`;
  if (status >= 500 || status === 429 || /^Throttling|^IDPCommunicationError$/.test(name))
    return { code: "STORE_UNREACHABLE", name, status, repeat: "again", uncertain: false, reason };
  return missing(name, reason, {
    status,
    hint: TOKEN_REFUSED.test(name)
      ? "The token in the token file has expired or is not trusted: check what renews it, and the role's identity provider."
      : "Check the role, and that its trust policy lets this identity assume it.",
  });
}

function missing(name: string, reason: string, more: Pick<Fault, "hint" | "status"> = {}): Fault {
  return { code: "CREDENTIALS_MISSING", name, repeat: "never", uncertain: false, reason, ...more };
}
