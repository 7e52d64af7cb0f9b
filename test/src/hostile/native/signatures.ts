/** Signature frames: of no form that a writer gives them, of something else, by somebody else, too many. */
import {
  type BuildOptions,
  keyIdOf,
  sampleKey,
  SIGNATURE_FRAME_MAGIC,
  skippableFrame,
} from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { altered, cases, damagedBy, headerLine, sample } from "./build.js";

/** The sample, with a signature frame of any content. */
const withSignature = (payload: string | Buffer): Buffer =>
  altered({ behindIndex: [skippableFrame(SIGNATURE_FRAME_MAGIC, Buffer.from(payload))] });

/** The signature frame that an archive has. */
function signatureOf(archive: BuildOptions, entries = sample): Buffer {
  let frame: Buffer = Buffer.alloc(0);
  altered({ ...archive, parts: (parts) => (frame = parts.at(-2) ?? frame) }, entries);
  return frame;
}

/** The sample, with the JSON of its good signature changed. */
function signedOtherwise(change: (members: Record<string, string>) => object): Buffer {
  const text = signatureOf({ signingKey: sampleKey() }).toString("latin1", 8);
  return withSignature(JSON.stringify(change(JSON.parse(text) as Record<string, string>)));
}

export const signatures: readonly HostileCase[] = cases("signature frames that nobody has made", {
  "signature-empty": ["a signature frame holds nothing", () => withSignature(""), damagedBy("signature")],
  "signature-not-json": ["a signature is no JSON", () => withSignature("signed"), damagedBy("signature")],
  "signature-without-key": [
    "a signature does not name its key",
    () => signedOtherwise(({ algorithm, signature }) => ({ algorithm, signature })),
    damagedBy("signature"),
  ],
  "signature-not-base64": [
    "a signature is no base64",
    () => signedOtherwise((good) => ({ ...good, signature: "?" })),
    damagedBy("signature"),
  ],
  "signature-of-no-algorithm": [
    "a signature says that no algorithm made it",
    () => signedOtherwise((good) => ({ ...good, algorithm: "none" })),
    damagedBy("signature"),
  ],
  "signature-with-another-member": [
    "a signature has a member that signatures do not have",
    () => signedOtherwise((good) => ({ ...good, trusted: true })),
    damagedBy("signature"),
  ],
  "signature-member-twice": [
    "a signature names two keys",
    () =>
      withSignature(
        signatureOf({ signingKey: sampleKey() })
          .toString("latin1", 8)
          .replace("{", `{"keyId":"${keyIdOf(sampleKey(1))}",`),
      ),
    damagedBy("signature"),
  ],
  "signature-with-another-key": [
    "a signature names another key than the one that made it",
    () => signedOtherwise((good) => ({ ...good, keyId: keyIdOf(sampleKey(1)) })),
    damagedBy("signature"),
  ],
  "signature-of-another-archive": [
    "a signature was made for another archive",
    () => altered({ behindIndex: [signatureOf({ signingKey: sampleKey() }, sample.slice(1))] }),
    damagedBy("signature"),
  ],
  "signature-of-an-older-index": [
    "the index of a signed archive was altered",
    () =>
      altered({
        lines: headerLine({ createdAt: "2026-07-03T02:00:00Z" }),
        behindIndex: [signatureOf({ signingKey: sampleKey() })],
      }),
    damagedBy("signature"),
  ],
  "signature-all-zeros": [
    "a signature and its key are zeros, with which some programs check anything",
    () =>
      signedOtherwise(({ algorithm }) => ({
        algorithm,
        keyId: `ed25519:${Buffer.alloc(32).toString("base64")}`,
        signature: Buffer.alloc(64).toString("base64"),
      })),
    damagedBy("signature"),
  ],
  "signature-before-the-index": [
    "a signature stands before the index",
    () => {
      const frame = signatureOf({ signingKey: sampleKey() });
      return altered({
        table: (frames) => frames.splice(-1, 0, { stored: frame.length, raw: 0 }),
        parts: (parts) => parts.splice(-2, 0, frame),
      });
    },
    damagedBy("lost end", "workspace/"),
  ],
  "signature-with-raw-bytes": [
    "the seek table claims that a signature frame holds bytes of the tar",
    () =>
      altered({
        signingKey: sampleKey(),
        table: (frames) => frames.splice(-1, 1, { stored: frames.at(-1)?.stored ?? 0, raw: 512 }),
      }),
    damagedBy("seek table"),
  ],
  "signature-over-64-kib": [
    "a signature frame holds more than a signature can need",
    () => withSignature(" ".repeat(70_000)),
    damagedBy("signature"),
  ],
  "signature-of-another-size": [
    "a signature frame claims more bytes than it has",
    () => {
      const frame = signatureOf({ signingKey: sampleKey() });
      frame.writeUInt32LE(1000, 4);
      return altered({ behindIndex: [frame] });
    },
    damagedBy("skippable frame"),
  ],
  "signature-twice": [
    "two signatures stand behind the index",
    () => altered({ signingKey: sampleKey(), behindIndex: [signatureOf({ signingKey: sampleKey(1) })] }),
    damagedBy("object layout"),
  ],
});
