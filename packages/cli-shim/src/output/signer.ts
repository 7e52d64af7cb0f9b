/** Who has signed an archive, as people read it. */
import type { SignerView } from "../views.js";

export function signerText({ trust, keyId = "" }: SignerView): string {
  switch (trust) {
    case "own":
      return `this gateway, ${keyId}`;
    case "trusted":
      return `${keyId}, which is trusted`;
    case "stranger":
      return `a stranger, ${keyId}`;
    case "unsigned":
      return "nobody: it has no signature";
  }
}
