import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { AddressForbidden, type AddressGuard } from "../../stores/address-guard.js";
import { DeliveryError, isLoopback, secretProblem, wants, type Channel } from "./channel.js";
import { alertText, alertTitle } from "./document.js";
import type { Alert } from "./event.js";
import type { EmailConfig } from "./schema.js";
import type { ChannelHost } from "./webhook.js";

/** Mail through an SMTP server. */
export function email(config: EmailConfig, host: ChannelHost): Channel {
  const send = (alert: Alert, signal: AbortSignal): Promise<void> => sendMail(config, host, alert, signal);
  return {
    name: config.name,
    kind: "email",
    wants: wants(config),
    send,
    test: send,
    problem: () => secretProblem(host.resolveSecret, [config.user, config.password]),
  };
}

async function sendMail(
  config: EmailConfig,
  { guard, resolveSecret }: ChannelHost,
  alert: Alert,
  signal: AbortSignal,
): Promise<void> {
  const { tls } = config;
  if (tls === "none" && !config.allowPlain && !isLoopback(config.host)) {
    throw new DeliveryError("its tls is none, and allowPlain is not set");
  }
  const ca =
    config.ca === undefined
      ? undefined
      : await readFile(config.ca).catch(() => {
          throw new DeliveryError("the file of its ca cannot be read");
        });
  const timeout = config.timeoutSeconds * 1000;
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  // Few gateways send mail: only they load it.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    getSocket: (_options, done) => openSocket(config, guard, ended, done),
    host: config.host,
    port: config.port,
    secure: tls === "implicit",
    requireTLS: tls === "starttls",
    ignoreTLS: tls === "none",
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(config.user === undefined || config.password === undefined
      ? {}
      : { auth: { user: resolveSecret(config.user), pass: resolveSecret(config.password) } }),
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const { from, to } = config;
  const message = {
    from,
    to: [...to],
    subject: `[openclaw] ${alertTitle(alert)}`,
    text: alertText(alert),
    date: new Date(alert.at),
    // The same at each attempt: a mail program shows a repeated one once.
    messageId: `<${alert.id}@${from.slice(from.indexOf("@") + 1)}>`,
    headers: { "Auto-Submitted": "auto-generated" },
  };
  await inTime(transport.sendMail(message), config.timeoutSeconds, ended).finally(() => transport.close());
}

/** The transport would resolve the server's name by itself, and connect to whatever that gives. TLS is its business again. */
function openSocket(
  { host, port }: EmailConfig,
  guard: AddressGuard,
  signal: AbortSignal,
  done: (error: Error | null, opened: { readonly connection: Socket } | undefined) => void,
): void {
  try {
    guard.checkHost(host);
  } catch (error) {
    done(error as AddressForbidden, undefined);
    return;
  }
  const connection = connect({ host, port, lookup: guard.lookup, signal });
  const failed = (error: Error): void => done(error, undefined);
  connection.once("error", failed);
  // The transport stops listening when it is done, and the signal may come later.
  connection.on("error", () => undefined);
  connection.once("connect", () => {
    connection.off("error", failed);
    done(null, { connection });
  });
}

/** The transport's own limits are each for one step: a server that says a little now and then would hold it for ever. */
async function inTime(sent: Promise<unknown>, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
  const late = new Promise<never>((_resolve, reject) => {
    const end = (): void =>
      reject(new DeliveryError(`the server did not take it within ${timeoutSeconds} s`));
    signal.addEventListener("abort", end, { once: true });
  });
  await Promise.race([sent, late]).catch((error: unknown) => {
    throw error instanceof DeliveryError ? error : new DeliveryError(failureOf(error));
  });
}

/** `EAUTH 535`: never what the server said, which may repeat what it was given. */
function failureOf(error: unknown): string {
  if (error instanceof AddressForbidden) return error.message;
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  const facts = [code, responseCode].filter((fact) => typeof fact === "string" || typeof fact === "number");
  return `the server did not take it: ${facts.join(" ")}`;
}
