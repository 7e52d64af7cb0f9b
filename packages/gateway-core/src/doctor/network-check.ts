import type { Clock, DoctorCheck, Finding } from "../plugin/host.js";
import type { Certificate } from "../http/certificate.js";
import { isLoopback } from "../http/trusted-proxies.js";

/** How the gateway can be reached. */
export interface Edge {
  /** The address that it listens on. */
  readonly bind: string;
  readonly certificate: Certificate | undefined;
  readonly trustsProxies: boolean;
}

/** A renewal that has not come by now has failed: Let's Encrypt's clients renew a month before the end. */
const EXPIRY_WARNING_DAYS = 14;

const DAY_MS = 86_400_000;

/** One sentence about tokens that cross a network in clear text; undefined when they do not. */
export function clearTextWarning({ bind, certificate, trustsProxies }: Edge): string | undefined {
  if (certificate !== undefined || trustsProxies || bind === "localhost" || isLoopback(bind))
    return undefined;
  return `The gateway listens on ${bind} without TLS: whoever is on the way can read tokens and tenants' data`;
}

/** What `doctor` finds at the gateway's edge. */
export function networkCheck(edge: Edge, clock: Clock): DoctorCheck {
  return {
    name: "network",
    run: () => Promise.resolve([clearText(edge), ...certificateFindings(edge.certificate, clock.now())]),
  };
}

function clearText(edge: Edge): Finding {
  const message = clearTextWarning(edge);
  if (message === undefined)
    return { severity: "ok", message: "Tokens do not cross a network in clear text" };
  return {
    severity: "warning",
    message,
    fix: "Set gateway.tls, or bind to 127.0.0.1 behind a proxy with TLS, and name that in gateway.trustedProxies.",
  };
}

function certificateFindings(certificate: Certificate | undefined, now: number): readonly Finding[] {
  if (certificate === undefined) return [];
  const { file, problem, validUntil } = certificate;
  const until = new Date(validUntil).toISOString();
  const findings: Finding[] = [];
  if (problem !== undefined) {
    findings.push({
      severity: "critical",
      message: `The TLS certificate was changed and cannot be used; the one before, valid until ${until}, is served: ${problem}`,
      fix: "Put a certificate and its key there; they are taken at once.",
    });
  }
  const days = Math.floor((validUntil - now) / DAY_MS);
  const fix = `Renew ${file}; it is taken at once.`;
  if (days < 0) {
    findings.push({ severity: "critical", message: `The TLS certificate has expired at ${until}`, fix });
  } else if (days < EXPIRY_WARNING_DAYS) {
    findings.push({ severity: "warning", message: `The TLS certificate expires at ${until}`, fix });
  } else findings.push({ severity: "ok", message: `The TLS certificate is valid until ${until}` });
  return findings;
}
