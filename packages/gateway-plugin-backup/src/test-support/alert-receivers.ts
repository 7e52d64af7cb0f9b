/** Real receivers of alerts on loopback: an HTTP server and an SMTP server that wants STARTTLS and a login. */
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from "./localhost-certificate.js";

interface Test {
  teardown(work: () => Promise<void>): void;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface HttpReceiver {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** What it answers from now on; 0: nothing at all. Default 200. */
  status: number;
  /** The webhooks among the requests, as documents. */
  documents(): readonly WebhookDocument[];
}

export interface WebhookDocument {
  readonly type: string;
  readonly id: string;
  readonly timestamp: string;
  readonly data: {
    readonly kind: string;
    readonly tenant?: string;
    readonly message: string;
    readonly code?: string;
    readonly count?: number;
  };
}

export async function httpReceiver(t: Test, { tls = false } = {}): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = [];
  const server = tls ? createTlsServer({ cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY }) : createServer();
  const receiver: HttpReceiver = {
    url: "",
    requests,
    status: 200,
    documents: () =>
      requests
        .filter(({ headers }) => headers["webhook-id"] !== undefined)
        .map(({ body }) => JSON.parse(body) as WebhookDocument),
  };
  server.on("request", (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      requests.push({ method, path, headers, body: Buffer.concat(pieces).toString() });
      if (receiver.status === 0) return;
      response.writeHead(receiver.status, { location: "/elsewhere" }).end("what nobody reads");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, { url: `${tls ? "https" : "http"}://127.0.0.1:${port}` });
}

export interface SmtpReceiver {
  readonly port: number;
  readonly mails: { readonly from: string; readonly to: readonly string[]; readonly text: string }[];
  /** The logins that were tried: user, password, over TLS. */
  readonly logins: (readonly [string | undefined, string | undefined, boolean])[];
}

/** @param options Over: STARTTLS is offered, a login is wanted, and its password is `mail-password`. */
export async function smtpReceiver(t: Test, options: SMTPServerOptions = {}): Promise<SmtpReceiver> {
  const mails: SmtpReceiver["mails"] = [];
  const logins: SmtpReceiver["logins"] = [];
  const server = new SMTPServer({
    cert: LOCALHOST_CERTIFICATE,
    key: LOCALHOST_KEY,
    disableReverseLookup: true,
    onAuth: ({ username, password }, session, done) => {
      logins.push([username ?? undefined, password ?? undefined, session.secure]);
      if (password === "mail-password") done(null, { user: username ?? "" });
      else done(new Error(`The password ${String(password)} is wrong`));
    },
    onData: (stream, session, done) => {
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(pieces).toString(),
        });
        done();
      });
    },
    ...options,
  });
  // A client that goes away in the middle is a test's business.
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => new Promise((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails, logins };
}
