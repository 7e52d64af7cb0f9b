/**
 * Stands in for the AWS services that give out credentials (STS, the SSO portal and its OIDC, a container's service), and
 * for an S3 that only says which keys a request was signed with. Speaks just enough of each protocol for the SDK.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Lifetime } from "./s3-for-tests.js";

export interface GivenKeys {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Absent: STS gives none, for a store that knows none. The SSO portal and the container's service always give one. */
  readonly sessionToken?: string;
  readonly expiration: Date;
}

export interface AwsRequest {
  readonly service: "sts" | "sso" | "oidc" | "container" | "s3";
  /** The STS action, or the method and path. */
  readonly action: string;
  /** The web identity, the SSO or the container token, or the session token of an S3 request. */
  readonly token: string;
  /** The access key that signed it; empty where nothing did. */
  readonly accessKey: string;
}

export class AwsServices {
  readonly requests: AwsRequest[] = [];
  /** What is given out from now on. */
  keys: GivenKeys = {
    accessKey: "AKIDOUBLE",
    secretKey: "secret-of-the-double",
    sessionToken: "session-of-the-double",
    expiration: new Date(Date.now() + 3_600_000),
  };
  /** Answered instead of keys. */
  refusal: { readonly status: number; readonly name: string } | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(lifetime: Lifetime): Promise<AwsServices> {
    const server = createServer();
    const services = new AwsServices(server);
    server.on("request", (request, response) => void services.#answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    lifetime.teardown(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return services;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What leads the SDK here, from the environment of a process. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_STS: `${this.url}/sts`,
      AWS_ENDPOINT_URL_SSO: `${this.url}/sso`,
      AWS_ENDPOINT_URL_SSO_OIDC: `${this.url}/oidc`,
      AWS_EC2_METADATA_DISABLED: "true",
    };
  }

  get containerUrl(): string {
    return `${this.url}/container`;
  }

  /** Requests of one service, oldest first. */
  of(service: AwsRequest["service"]): readonly AwsRequest[] {
    return this.requests.filter((request) => request.service === service);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const path = request.url ?? "";
    const accessKey = /Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const note = (service: AwsRequest["service"], action: string, token: unknown): void =>
      void this.requests.push({ service, action, token: typeof token === "string" ? token : "", accessKey });
    const { refusal } = this;
    if (path.startsWith("/sts")) {
      const parameters = new URLSearchParams(body);
      const action = parameters.get("Action") ?? "";
      note("sts", action, parameters.get("WebIdentityToken"));
      if (refusal === undefined) {
        send(response, 200, "text/xml", this.#stsAnswer(action));
        return;
      }
      send(response, refusal.status, "text/xml", stsError(refusal.name));
      return;
    }
    if (path.startsWith("/sso")) {
      note("sso", `${request.method} ${path}`, request.headers["x-amz-sso_bearer_token"]);
      this.#json(response, {
        roleCredentials: {
          accessKeyId: this.keys.accessKey,
          secretAccessKey: this.keys.secretKey,
          sessionToken: this.keys.sessionToken ?? "session",
          expiration: this.keys.expiration.getTime(),
        },
      });
      return;
    }
    if (path.startsWith("/oidc")) {
      const { refreshToken } = JSON.parse(body) as { readonly refreshToken?: string };
      note("oidc", `${request.method} ${path}`, refreshToken);
      this.#json(response, {
        accessToken: "renewed-sso-token",
        expiresIn: 28_800,
        refreshToken: "next-refresh-token",
        tokenType: "Bearer",
      });
      return;
    }
    if (path.startsWith("/container")) {
      note("container", `${request.method} ${path}`, request.headers.authorization);
      this.#json(response, {
        AccessKeyId: this.keys.accessKey,
        SecretAccessKey: this.keys.secretKey,
        Token: this.keys.sessionToken ?? "session",
        Expiration: this.keys.expiration.toISOString(),
      });
      return;
    }
    note("s3", `${request.method} ${path}`, request.headers["x-amz-security-token"]);
    response.writeHead(200, {
      etag: '"0123456789abcdef0123456789abcdef"',
      "content-length": "10",
      "last-modified": "Sat, 07 Mar 2026 02:00:00 GMT",
    });
    response.end();
  }

  #stsAnswer(action: string): string {
    const { accessKey, secretKey, sessionToken, expiration } = this.keys;
    const token = sessionToken === undefined ? "" : `<SessionToken>${sessionToken}</SessionToken>`;
    return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>
      <AccessKeyId>${accessKey}</AccessKeyId><SecretAccessKey>${secretKey}</SecretAccessKey>${token}
      <Expiration>${expiration.toISOString()}</Expiration></Credentials></${action}Result></${action}Response>`;
  }

  #json(response: ServerResponse, document: unknown): void {
    const { refusal } = this;
    if (refusal === undefined) {
      send(response, 200, "application/json", JSON.stringify(document));
      return;
    }
    response.setHeader("x-amzn-errortype", refusal.name);
    send(response, refusal.status, "application/json", JSON.stringify({ message: "refused" }));
  }
}

function stsError(name: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${name}</Code>
    <Message>refused</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type });
  response.end(body);
}
