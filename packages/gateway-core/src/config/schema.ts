import { type Static, type TObject, Type } from "@openclaw/schema";
import type { GatewayPlugin } from "../plugin/host.js";
import { SecretSchema } from "./secrets.js";

const TlsSection = Type.Object(
  {
    /** PEM file: the gateway's certificate, then those that signed it. Relative paths: to the state directory. */
    cert: Type.String({ minLength: 1 }),
    /** PEM file: its private key, without a passphrase. */
    key: Type.String({ minLength: 1 }),
    minVersion: Type.Union([Type.Literal("TLSv1.2"), Type.Literal("TLSv1.3")], { default: "TLSv1.2" }),
  },
  { additionalProperties: false },
);

export type TlsSection = Static<typeof TlsSection>;

const GatewaySection = Type.Object(
  {
    /** Address to listen on. Loopback by default: whoever wants more puts TLS before it. */
    bind: Type.String({ minLength: 1, default: "127.0.0.1" }),
    /** 0 lets the system choose a free port. */
    port: Type.Integer({ minimum: 0, maximum: 65_535, default: 18_789 }),
    /** Admin token. OPENCLAW_GATEWAY_TOKEN goes before it. */
    token: Type.Optional(SecretSchema),
    /** Lets in to `/metrics`, and nowhere else. The admin's token does, too. */
    metricsToken: Type.Optional(SecretSchema),
    tls: Type.Optional(TlsSection),
    /** The workspace's own volume. OPENCLAW_WORKSPACE_DIR goes before it; see `state/workspace-volume.ts`. */
    workspaceDir: Type.Optional(Type.String({ minLength: 1 })),
    /** Addresses and CIDR networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. */
    trustedProxies: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
    /** The audit log: see docs/audit.md. */
    audit: Type.Object(
      {
        /** Files whose lines are all older are removed. */
        keepDays: Type.Integer({ minimum: 1, maximum: 36_500, default: 400 }),
        maxFileBytes: Type.Integer({ minimum: 65_536, maximum: 1024 ** 3, default: 16 * 1024 ** 2 }),
      },
      { additionalProperties: false, default: {} },
    ),
  },
  { additionalProperties: false },
);

export type GatewaySection = Static<typeof GatewaySection>;

/** What `openclaw.json` says, checked, with defaults filled in and secrets still as references. */
export interface Config {
  /** The file that it was read from, for messages. */
  readonly file: string;
  readonly gateway: Readonly<GatewaySection>;
  /** A section for each plugin, as the plugin's own schema has it. */
  readonly plugins: Readonly<Record<string, unknown>>;
}

/** The schema of the whole file for a gateway with these plugins. */
export function configSchema(plugins: readonly Pick<GatewayPlugin, "name" | "configSchema">[]) {
  const sections: Record<string, TObject> = {};
  for (const { name, configSchema: section } of plugins) {
    if (name in sections) throw new Error(`Two plugins have the name ${name}`);
    sections[name] = section;
  }
  return Type.Object(
    { gateway: GatewaySection, plugins: Type.Object(sections, { additionalProperties: false }) },
    { additionalProperties: false },
  );
}
