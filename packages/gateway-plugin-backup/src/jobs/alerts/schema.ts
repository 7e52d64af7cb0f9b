/** `plugins.backup.notify` and `plugins.backup.absence`. */
import { type Static, Type } from "@openclaw/schema";
import { DURATION_PATTERN } from "../retention/duration.js";
import { ALERT_KINDS } from "./event.js";

const strict = { additionalProperties: false } as const;

/** Where a secret stands; never the secret itself. */
const SecretPlace = Type.Union(
  [
    Type.Object({ env: Type.String({ minLength: 1 }) }, strict),
    Type.Object({ file: Type.String({ minLength: 1 }) }, strict),
  ],
  { description: '{"env": "NAME"} or {"file": "PATH"}' },
);

const Url = Type.Union([Type.String({ pattern: "^https?://", maxLength: 2048 }), ...SecretPlace.anyOf], {
  description: 'http(s)://…, {"env": "NAME"} or {"file": "PATH"}',
});

const Glob = Type.String({ minLength: 1, maxLength: 256 });

const Kind = Type.Union(ALERT_KINDS.map((kind) => Type.Literal(kind)));

const common = {
  name: Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,63}$" }),
  events: Type.Optional(Type.Array(Kind, { minItems: 1, uniqueItems: true })),
  tenants: Type.Optional(Type.Array(Glob, { minItems: 1, description: "Globs; default: all." })),
  jobs: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      minItems: 1,
      description: "Types of jobs; default: all.",
    }),
  ),
  timeoutSeconds: Type.Integer({ minimum: 1, maximum: 60, default: 10 }),
  ca: Type.Optional(
    Type.String({
      pattern: "^/",
      description: "A file of PEM certificates to trust, instead of the public authorities.",
    }),
  ),
  allowPlain: Type.Boolean({
    default: false,
    description: "Send without TLS to another machine than this.",
  }),
};

const Webhook = Type.Object(
  { kind: Type.Literal("webhook"), ...common, url: Url, secret: SecretPlace },
  strict,
);

const Ping = Type.Object({ kind: Type.Literal("ping"), ...common, url: Url }, strict);

const Address = Type.String({ pattern: "^[^\\s@]+@[^\\s@]+$", maxLength: 254 });

const Email = Type.Object(
  {
    kind: Type.Literal("email"),
    ...common,
    host: Type.String({ minLength: 1, maxLength: 253 }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 587 }),
    tls: Type.Union([Type.Literal("starttls"), Type.Literal("implicit"), Type.Literal("none")], {
      default: "starttls",
      description: "implicit: from the first byte, usually port 465.",
    }),
    user: Type.Optional(SecretPlace),
    password: Type.Optional(SecretPlace),
    from: Address,
    to: Type.Array(Address, { minItems: 1, maxItems: 50 }),
  },
  strict,
);

export const NotifySchema = Type.Array(Type.Union([Webhook, Ping, Email]), { default: [], maxItems: 50 });

export const AbsenceSchema = Type.Object(
  {
    maxAge: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        description: "How old the newest good backup of a tenant without a schedule may become: 2d, 36h.",
      }),
    ),
    grace: Type.String({
      pattern: DURATION_PATTERN,
      default: "1h",
      description: "How long after its time a scheduled backup may come.",
    }),
    except: Type.Array(Glob, { default: [], description: "Tenants (globs) that need no backup." }),
  },
  { ...strict, default: {} },
);

export type ChannelConfig = Static<typeof NotifySchema>[number];
export type WebhookConfig = Static<typeof Webhook>;
export type PingConfig = Static<typeof Ping>;
export type EmailConfig = Static<typeof Email>;
export type AbsenceConfig = Static<typeof AbsenceSchema>;
