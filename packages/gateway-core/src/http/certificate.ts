import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { createSecureContext, type SecureContext, type Server, type TlsOptions } from "node:tls";
import type { FastifyBaseLogger } from "fastify";
import type { TlsSection } from "../config/schema.js";
import { GatewayError } from "../errors.js";
import { errorText, isSystemError } from "../system-error.js";

interface Loaded {
  readonly options: Pick<TlsOptions, "cert" | "key" | "minVersion">;
  readonly context: SecureContext;
  /** Milliseconds since the epoch. */
  readonly validUntil: number;
}

/** No chain of certificates is larger; it keeps a wrong path (a log, a device) from being read whole. */
const MAX_PEM_BYTES = 1024 * 1024;

/**
 * The gateway's own certificate. Its files are looked at at each beat, so that a renewed certificate is served without a
 * restart; one that cannot be used does not take the place of one that can.
 */
export class Certificate {
  readonly #section: TlsSection;
  readonly #files: { readonly cert: string; readonly key: string };
  readonly #log: FastifyBaseLogger;
  #loaded: Loaded;
  #seen: string;
  #problem: string | undefined;
  #server: Pick<Server, "setSecureContext"> | undefined;

  /**
   * `directory`: what relative paths are relative to. Throws `CONFIG_INVALID` naming the file, and why it cannot be
   * used; a key is never shown.
   */
  constructor(section: TlsSection, directory: string, log: FastifyBaseLogger) {
    this.#section = section;
    this.#files = { cert: path.resolve(directory, section.cert), key: path.resolve(directory, section.key) };
    this.#log = log;
    this.#seen = this.#stamp();
    this.#loaded = this.#load();
  }

  /** For `https.createServer`. */
  serverOptions(): TlsOptions {
    return {
      ...this.#loaded.options,
      // A name like `localhost` can stand for two addresses, with a server each: all of them ask here.
      SNICallback: (_name, done) => done(null, this.#loaded.context),
    };
  }

  /** From now on `server` gets what is renewed; callers that name no host ask the server itself. */
  serves(server: Pick<Server, "setSecureContext">): void {
    this.#server = server;
  }

  get file(): string {
    return this.#files.cert;
  }

  /** Milliseconds since the epoch. */
  get validUntil(): number {
    return this.#loaded.validUntil;
  }

  /** Why what stands in the files now is not served; undefined while it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Takes what has changed in the files since the last look. Never throws. */
  refresh(): void {
    const stamp = this.#stamp();
    if (stamp === this.#seen) return;
    this.#seen = stamp;
    try {
      this.#loaded = this.#load();
    } catch (error) {
      // Two files are not replaced in one moment: the next look may find that they fit.
      this.#problem = errorText(error);
      this.#log.error({ reason: this.#problem }, "the TLS certificate has changed and cannot be used");
      return;
    }
    this.#problem = undefined;
    this.#server?.setSecureContext(this.#loaded.options);
    const validUntil = new Date(this.#loaded.validUntil).toISOString();
    this.#log.info({ file: this.file, validUntil }, "a renewed TLS certificate is served");
  }

  #load(): Loaded {
    const { cert: certFile, key: keyFile } = this.#files;
    const cert = readPem("gateway.tls.cert", certFile);
    const key = readPem("gateway.tls.key", keyFile);
    const options = { cert, key, minVersion: this.#section.minVersion };
    let validUntil: number;
    try {
      validUntil = Date.parse(new X509Certificate(cert).validTo);
    } catch {
      throw invalid(`gateway.tls.cert: ${certFile} is not a certificate in PEM form`);
    }
    try {
      return { options, context: createSecureContext(options), validUntil };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") {
        throw invalid(`gateway.tls: the key in ${keyFile} is not that of the certificate in ${certFile}`);
      }
      throw invalid(`gateway.tls.key: ${keyFile} is not a private key in PEM form, without a passphrase`);
    }
  }

  /** Changes with the files: with their content, and with what they are if they are replaced. */
  #stamp(): string {
    return Object.values(this.#files)
      .map((file) => {
        try {
          const { ctimeNs, dev, ino, size } = statSync(file, { bigint: true });
          return [dev, ino, size, ctimeNs].join();
        } catch (error) {
          return errorText(error);
        }
      })
      .join();
  }
}

function readPem(key: string, file: string): Buffer {
  try {
    const status = statSync(file);
    if (!status.isFile()) throw new Error("it is not a regular file");
    if (status.size > MAX_PEM_BYTES) throw new Error(`it is larger than ${MAX_PEM_BYTES} bytes`);
    return readFileSync(file);
  } catch (error) {
    const reason = isSystemError(error, "ENOENT") ? "it does not exist" : errorText(error);
    throw invalid(`${key}: ${file} cannot be read: ${reason}`);
  }
}

function invalid(message: string): GatewayError {
  return new GatewayError("CONFIG_INVALID", message, {
    hint: "gateway.tls names two PEM files: the certificate with those that signed it, and its private key.",
  });
}
