/** Secrets that can be recognized wherever they turn up, and the search for them. */
import { randomBytes } from "node:crypto";

/** Something that must hold no secret. */
export interface Evidence {
  /** What it is, for whoever reads of a leak: `log line 12`, `ledger table jobs row 3`. */
  readonly where: string;
  readonly bytes: Buffer;
}

export interface Leak {
  readonly where: string;
  /** The place that the secret was given in. */
  readonly place: string;
  readonly form: string;
}

/** So much of a secret is a leak, too: a part of it in a shortened message, for example. */
const TELLING_CHARACTERS = 12;

export class Marks {
  readonly #secrets = new Map<string, string>();
  #forms: readonly (Leak & { readonly needle: string })[] | undefined;

  /**
   * A new secret for a place. Letters and digits only, so that neither JSON nor an URL writes it otherwise.
   *
   * @param place As in `places.ts`, with a `#` and any word behind it where a place takes several.
   */
  at(place: string): string {
    return this.adopt(place, `Mk${randomBytes(16).toString("hex")}`);
  }

  /** A secret that somebody else made. */
  adopt(place: string, secret: string): string {
    if (secret.length < TELLING_CHARACTERS || this.#secrets.has(place))
      throw new Error(`${place} has a secret already, or this one is too short`);
    this.#secrets.set(place, secret);
    this.#forms = undefined;
    return secret;
  }

  /** The places that have a secret, each once. */
  get places(): ReadonlySet<string> {
    return new Set([...this.#secrets.keys()].map((place) => place.replace(/#.*$/, "")));
  }

  /** Every secret that is found in the evidence: as it is, in base64 and base64url at any offset, in hex, URL-encoded. */
  leaks(evidence: Iterable<Evidence>): readonly Leak[] {
    const forms = (this.#forms ??= [...this.#secrets].flatMap(([place, secret]) =>
      formsOf(secret).map(([form, needle]) => ({ where: "", place, form, needle })),
    ));
    const found: Leak[] = [];
    for (const { where, bytes } of evidence) {
      const text = bytes.toString("latin1");
      const seen = new Set<string>();
      for (const { place, form, needle } of forms) {
        if (seen.has(place) || !text.includes(needle)) continue;
        seen.add(place);
        found.push({ where, place, form });
      }
    }
    return found;
  }
}

function formsOf(secret: string): readonly (readonly [form: string, needle: string])[] {
  const telling = secret.slice(0, TELLING_CHARACTERS);
  const hex = Buffer.from(telling).toString("hex");
  const base64 = [0, 1, 2].flatMap((offset) => {
    // What stands before shifts the characters; those that hold bits of a neighbour are cut off.
    const text = Buffer.from(" ".repeat(offset) + telling).toString("base64");
    const own = text.slice(offset === 0 ? 0 : offset + 1).replace(/.?=*$/, "");
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")].map((needle) => ["base64", needle] as const);
  });
  return [
    ["plain", telling],
    ["URL-encoded", encodeURIComponent(telling)],
    ["hex", hex],
    ["hex", hex.toUpperCase()],
    ...base64,
  ];
}
