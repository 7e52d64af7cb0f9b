/** How an archive is sealed on its way into a store, and opened on its way out. All of it can be cloned between threads. */
import type { AgeSecret } from "../../archive/age/keys.js";

/** A program that bytes go through: run without a shell, with an empty environment, in an empty directory. */
export interface PipeCommand {
  /** As the config calls it, for messages. */
  readonly name: string;
  /** Absolute path, links resolved when the gateway started. */
  readonly program: string;
  readonly args: readonly string[];
}

/** What every pipe needs besides its command. */
interface Piping {
  readonly command: PipeCommand;
  /** A directory on the state's file system, for the program's working directory and for what it gives. */
  readonly directory: string;
}

export type Sealing =
  { readonly kind: "age"; readonly recipients: readonly string[] } | ({ readonly kind: "pipe" } & Piping);

export type Opener =
  | {
      readonly kind: "age";
      readonly secret: AgeSecret;
      /** An archive that is not encrypted is read as it is, not refused. */
      readonly orPlain?: boolean;
    }
  | ({ readonly kind: "pipe" } & Piping);

/** How an archive is sealed: `age` natively, `pipe` by a program. As the catalogue has it. */
export type EncryptionKind = Sealing["kind"];
