/**
 * Is a text JSON? Byte by byte, so that a file of any size takes no more memory than its nesting (RFC 8259). Accepts what
 * `JSON.parse` accepts of the text that the bytes stand for.
 */

/** Deeper nesting is called wrong: memory for it would grow with the file. */
const MAX_DEPTH = 100_000;

const State = {
  Value: 0,
  FirstElement: 1,
  FirstKey: 2,
  Key: 3,
  Colon: 4,
  /** Behind a value: a comma, the end of what holds it, or the end of the text. */
  Behind: 5,
  /** From here on white space counts. */
  String: 6,
  Escape: 7,
  Hex: 8,
  Literal: 9,
  /** From here on it is a number. */
  Minus: 10,
  Zero: 11,
  Integer: 12,
  Point: 13,
  Fraction: 14,
  Exponent: 15,
  ExponentSign: 16,
  ExponentDigits: 17,
} as const;
type State = (typeof State)[keyof typeof State];

const [TAB, LF, CR, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, PLUS, POINT] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x2b, 0x2e];
const [ZERO, NINE] = [0x30, 0x39];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
const [LOWER_E, UPPER_E, LOWER_U] = [0x65, 0x45, 0x75];
const ESCAPED = Buffer.from('"\\/bfnrt');
const LITERALS = ["true", "false", "null"].map((literal) => Buffer.from(literal));
/** States in which a number may end. */
const ENDS_NUMBER: readonly State[] = [State.Zero, State.Integer, State.Fraction, State.ExponentDigits];

/** Takes a text in pieces. Once something was wrong, the rest of it changes nothing. */
export class JsonCheck {
  #state: State = State.Value;
  /** For each open bracket, whether it is one of an object. */
  readonly #open: boolean[] = [];
  #inKey = false;
  #hexLeft = 0;
  #literalLeft: Buffer = Buffer.alloc(0);
  #isWrong = false;
  #isBlank = true;

  /** Nothing but white space has come. */
  get isBlank(): boolean {
    return this.#isBlank;
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#isWrong) return;
      this.#take(byte);
    }
  }

  /** Whether all that came is one JSON text. Ready for the next one then. */
  end(): boolean {
    const isWhole =
      (this.#state === State.Behind || ENDS_NUMBER.includes(this.#state)) && this.#open.length === 0;
    const isGood = isWhole && !this.#isWrong;
    this.#state = State.Value;
    this.#open.length = 0;
    this.#isWrong = false;
    this.#isBlank = true;
    return isGood;
  }

  #take(byte: number): void {
    const state = this.#state;
    if (state === State.String) {
      this.#inString(byte);
      return;
    }
    if (state < State.String) {
      if (byte === SPACE || byte === LF || byte === CR || byte === TAB) return;
      this.#isBlank = false;
      this.#structure(byte);
      return;
    }
    if (state >= State.Minus) this.#number(byte);
    else if (state === State.Escape) this.#escape(byte);
    else if (state === State.Hex) this.#hex(byte);
    else this.#literal(byte);
  }

  #inString(byte: number): void {
    if (byte === QUOTE) this.#state = this.#inKey ? State.Colon : State.Behind;
    else if (byte === BACKSLASH) this.#state = State.Escape;
    else if (byte < SPACE) this.#isWrong = true;
  }

  #escape(byte: number): void {
    if (byte === LOWER_U) {
      this.#state = State.Hex;
      this.#hexLeft = 4;
    } else if (ESCAPED.includes(byte)) this.#state = State.String;
    else this.#isWrong = true;
  }

  #hex(byte: number): void {
    const letter = byte | 0x20;
    if (!isDigit(byte) && (letter < 0x61 || letter > 0x66)) this.#isWrong = true;
    else if (--this.#hexLeft === 0) this.#state = State.String;
  }

  #literal(byte: number): void {
    if (byte !== this.#literalLeft[0]) this.#isWrong = true;
    this.#literalLeft = this.#literalLeft.subarray(1);
    if (this.#literalLeft.length === 0) this.#state = State.Behind;
  }

  /** Between tokens. */
  #structure(byte: number): void {
    switch (this.#state) {
      case State.Colon:
        if (byte === COLON) this.#state = State.Value;
        else this.#isWrong = true;
        break;
      case State.Behind:
        this.#behind(byte);
        break;
      case State.FirstKey:
      case State.Key:
        if (byte === CLOSE_BRACE && this.#state === State.FirstKey) this.#close(byte);
        else if (byte === QUOTE) this.#string(true);
        else this.#isWrong = true;
        break;
      default:
        if (byte === CLOSE_BRACKET && this.#state === State.FirstElement) this.#close(byte);
        else this.#value(byte);
    }
  }

  #value(byte: number): void {
    const literal = LITERALS.find(([first]) => first === byte);
    if (byte === QUOTE) this.#string(false);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#enter(byte === OPEN_BRACE);
    else if (literal !== undefined) {
      this.#literalLeft = literal.subarray(1);
      this.#state = State.Literal;
    } else if (byte === MINUS) this.#state = State.Minus;
    else if (isDigit(byte)) this.#state = byte === ZERO ? State.Zero : State.Integer;
    else this.#isWrong = true;
  }

  #string(isKey: boolean): void {
    this.#inKey = isKey;
    this.#state = State.String;
  }

  #enter(isObject: boolean): void {
    if (this.#open.length === MAX_DEPTH) this.#isWrong = true;
    this.#open.push(isObject);
    this.#state = isObject ? State.FirstKey : State.FirstElement;
  }

  #behind(byte: number): void {
    const isObject = this.#open.at(-1);
    if (byte === COMMA && isObject !== undefined) this.#state = isObject ? State.Key : State.Value;
    else this.#close(byte);
  }

  #close(byte: number): void {
    const isObject = this.#open.pop();
    if (isObject === undefined || byte !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) this.#isWrong = true;
    this.#state = State.Behind;
  }

  #number(byte: number): void {
    const next = afterInNumber(this.#state, byte);
    if (next !== undefined) this.#state = next;
    else if (ENDS_NUMBER.includes(this.#state)) {
      this.#state = State.Behind;
      this.#take(byte);
    } else this.#isWrong = true;
  }
}

/** Undefined: the byte is no part of the number. */
function afterInNumber(state: State, byte: number): State | undefined {
  const digit = isDigit(byte);
  const isExponent = byte === LOWER_E || byte === UPPER_E;
  switch (state) {
    case State.Minus:
      return digit ? (byte === ZERO ? State.Zero : State.Integer) : undefined;
    case State.Zero:
    case State.Integer:
      if (digit && state === State.Integer) return state;
      return byte === POINT ? State.Point : isExponent ? State.Exponent : undefined;
    case State.Point:
      return digit ? State.Fraction : undefined;
    case State.Fraction:
      return digit ? state : isExponent ? State.Exponent : undefined;
    case State.Exponent:
      return digit ? State.ExponentDigits : byte === PLUS || byte === MINUS ? State.ExponentSign : undefined;
    default:
      return digit ? State.ExponentDigits : undefined;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** `torn`: only the last line is wrong, and it has no end; whoever was appending it died, or had not ended. */
export type JsonVerdict =
  { readonly kind: "good" } | { readonly kind: "wrong" | "torn"; readonly line?: number };

/** One JSON text. */
export class JsonFileCheck {
  readonly #check = new JsonCheck();

  write(bytes: Uint8Array): void {
    this.#check.write(bytes);
  }

  end(): JsonVerdict {
    return { kind: this.#check.end() ? "good" : "wrong" };
  }
}

/** A JSON text in each line; blank lines count for nothing. Lines are numbered from 1. */
export class JsonLinesCheck {
  readonly #check = new JsonCheck();
  #line = 1;
  #wrongLine: number | undefined;

  write(bytes: Uint8Array): void {
    let start = 0;
    for (let end; (end = bytes.indexOf(LF, start)) !== -1; start = end + 1) {
      this.#check.write(bytes.subarray(start, end));
      if (!this.#endsWell()) this.#wrongLine ??= this.#line;
      this.#line++;
    }
    this.#check.write(bytes.subarray(start));
  }

  end(): JsonVerdict {
    const isLastGood = this.#endsWell();
    if (this.#wrongLine !== undefined) return { kind: "wrong", line: this.#wrongLine };
    return isLastGood ? { kind: "good" } : { kind: "torn", line: this.#line };
  }

  #endsWell(): boolean {
    const { isBlank } = this.#check;
    return this.#check.end() || isBlank;
  }
}
