/** Flags that several commands share. */
import { InvalidArgumentError, Option, type Command } from "commander";
import type { Environment } from "../context.js";
import { secretToSend } from "../secrets.js";

/** A flag whose value is a secret, or says where one stands; to be read with `resolveSecret`. */
export class SecretOption extends Option {}

export interface S3Flags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly sessionToken?: string;
  readonly awsProfile?: string;
  readonly pathStyle?: true;
}

export function addS3Flags(command: Command): Command {
  return command
    .optionsGroup(
      "S3 options (default: the named destination, then S3_* of the gateway's environment, then AWS's own):",
    )
    .option("--endpoint <url>", "the store's URL; AWS if absent")
    .option("--region <name>", "region of the bucket")
    .addOption(new SecretOption("--access-key <id>", "access key: the key itself, env:NAME or file:PATH"))
    .addOption(
      new SecretOption("--secret-key <secret>", "secret key: env:NAME, file:PATH, or the key itself"),
    )
    .addOption(
      new SecretOption(
        "--session-token <token>",
        "of temporary keys: env:NAME, file:PATH, or the token itself",
      ),
    )
    .option("--aws-profile <name>", "profile of the AWS configuration on the gateway's machine")
    .option("--path-style", "put the bucket into the path, not into the host name");
}

export type ReadSecret = (flag: string, value: string, env: Environment) => string;

/**
 * `s3` of a request, or nothing when no flag was given. Secrets are read here, on the CLI's machine.
 *
 * @param read How secrets are read; default: those that are to be sent.
 */
export function readS3Flags(flags: S3Flags, env: Environment, read: ReadSecret = secretToSend): object {
  const secret = (flag: string, value: string | undefined): string | undefined =>
    value === undefined ? undefined : read(flag, value, env);
  const s3 = {
    endpoint: flags.endpoint,
    region: flags.region,
    accessKey: secret("--access-key", flags.accessKey),
    secretKey: secret("--secret-key", flags.secretKey),
    sessionToken: secret("--session-token", flags.sessionToken),
    profile: flags.awsProfile,
    pathStyle: flags.pathStyle,
  };
  return Object.values(s3).some((value) => value !== undefined) ? { s3 } : {};
}

export interface EncryptFlags {
  readonly recipient?: readonly string[];
  readonly pipe?: string;
}

export function addEncryptFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--recipient <key>",
        "encrypt to this public key of age (age1…); can be given more than once; default: the destination's recipients",
      ).argParser((key: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), key]),
    )
    .addOption(
      new Option(
        "--pipe <command>",
        "encrypt with a program of the gateway's machine that its config allows: 'age -r age1…'",
      ).conflicts("recipient"),
    );
}

/** Of a request. */
export function readEncryptFlags({ recipient: recipients, pipe }: EncryptFlags): object {
  return { recipients, pipe };
}

export interface DecryptFlags {
  readonly identity?: string;
  readonly passphrase?: string;
  readonly pipe?: string;
}

/** @param withPipe False where `--pipe` says how to encrypt. */
export function addDecryptFlags(command: Command, { withPipe = true } = {}): Command {
  command
    .optionsGroup(
      "For an encrypted archive (keys are read on this machine, and kept in the gateway's memory only):",
    )
    .addOption(
      new Option("--identity <file>", "the age identity file that opens it").conflicts(["passphrase"]),
    )
    .addOption(
      new SecretOption(
        "--passphrase <secret>",
        "the passphrase that opens it: env:NAME, file:PATH, or itself",
      ),
    );
  if (withPipe)
    command.addOption(
      new Option(
        "--pipe <command>",
        "a program of the gateway's machine that opens it: 'age -d -i /path/on/the/gateway/key.txt'",
      ).conflicts(["identity", "passphrase"]),
    );
  return command;
}

/**
 * `decrypt` of a request, or nothing when no flag was given. Keys are read here, on the CLI's machine.
 *
 * @param read How secrets are read; default: those that are to be sent.
 */
export function readDecryptFlags(
  { identity, passphrase, pipe }: DecryptFlags,
  env: Environment,
  read: ReadSecret = secretToSend,
): object {
  if (identity !== undefined) return { decrypt: { identity: read("--identity", `file:${identity}`, env) } };
  if (passphrase !== undefined) return { decrypt: { passphrase: read("--passphrase", passphrase, env) } };
  return pipe === undefined ? {} : { decrypt: { pipe } };
}

/** Flags of every command that looks into an archive. */
export interface ReadFlags extends S3Flags, DecryptFlags {}

export function addReadFlags(command: Command): Command {
  return addS3Flags(addDecryptFlags(command));
}

/** `s3` and `decrypt` of a request, as far as flags for them were given. */
export function readReadFlags(flags: ReadFlags, env: Environment): object {
  return { ...readDecryptFlags(flags, env), ...readS3Flags(flags, env) };
}

export interface WaitFlags {
  readonly wait?: boolean;
}

export function addWaitFlags(command: Command): Command {
  return command
    .option("--wait", "wait until the job has ended (the default)")
    .option("--no-wait", "return as soon as the job is queued");
}

/** For commands that restore or check an archive. */
export const REQUIRE_SIGNATURE = [
  "--require-signature",
  "refuse an archive that neither the gateway's own key nor a trusted one has signed",
] as const;

/** A whole number; its range is the gateway's business. */
export function integerOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It is not a whole number.");
    return Number(text);
  });
}

/** Bytes per second: a number, or a number with a unit, whose form is the gateway's business. */
export function rateOption(flags: string, description: string): Option {
  return new Option(flags, `${description}, such as 10MiB or 512KiB`).argParser((text) =>
    /^\d{1,15}$/.test(text) ? Number(text) : text,
  );
}

/** Examples at the end of a command's help. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText("after", `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`);
}
