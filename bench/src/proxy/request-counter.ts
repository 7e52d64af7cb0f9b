/**
 * Counts the HTTP/1.1 requests in what a client sends over one connection (RFC 9112): heads are parsed just far enough to
 * skip the bodies, so that counting costs next to nothing however much is sent.
 */

type State =
  | { readonly at: "head" | "chunk-size" | "trailer" }
  | { readonly at: "body"; readonly then: "head" | "chunk-size"; left: number };

/** More than any client here sends; a head that is longer is not HTTP. */
const MAX_LINE_BYTES = 1024 * 1024;
const HEAD_END = "\r\n\r\n";
const LINE_END = "\r\n";

export class RequestCounter {
  /** Requests whose head has arrived. */
  requests = 0;
  #state: State = { at: "head" };
  /** The beginning of a head or line whose end has not arrived. */
  #partial = "";

  /** Takes the next bytes of the connection, in order. Throws when they are not HTTP. */
  add(bytes: Buffer): void {
    for (let offset = 0; offset < bytes.length;) {
      if (this.#state.at === "body") {
        const skipped = Math.min(this.#state.left, bytes.length - offset);
        this.#state.left -= skipped;
        offset += skipped;
        if (this.#state.left === 0) this.#state = { at: this.#state.then };
      } else {
        offset = this.#addText(bytes, offset, this.#state.at);
      }
    }
  }

  #addText(bytes: Buffer, offset: number, at: "head" | "chunk-size" | "trailer"): number {
    const end = at === "head" ? HEAD_END : LINE_END;
    // The end itself may be cut in two: it is looked for in what was kept, too.
    const kept = this.#partial.length;
    const searched = bytes.subarray(offset, offset + MAX_LINE_BYTES);
    const text = this.#partial + searched.toString("latin1");
    const found = text.indexOf(end, Math.max(0, kept - end.length));
    if (found === -1) {
      if (text.length >= MAX_LINE_BYTES) throw new Error("what was sent is not HTTP: a head does not end");
      this.#partial = text;
      return offset + searched.length;
    }
    this.#partial = "";
    const line = text.slice(0, found);
    if (at === "head") this.#head(line);
    else if (at === "chunk-size") this.#chunkSize(line);
    else if (line === "") this.#state = { at: "head" };
    return offset + found + end.length - kept;
  }

  #head(head: string): void {
    this.requests++;
    if (/^transfer-encoding:.*\bchunked\b/im.test(head)) {
      this.#state = { at: "chunk-size" };
      return;
    }
    const length = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
    this.#state = length === 0 ? { at: "head" } : { at: "body", then: "head", left: length };
  }

  #chunkSize(line: string): void {
    const size = Number.parseInt(line, 16);
    if (Number.isNaN(size))
      throw new Error(`what was sent is not HTTP: ${line.slice(0, 40)} is no chunk size`);
    this.#state =
      size === 0 ? { at: "trailer" } : { at: "body", then: "chunk-size", left: size + LINE_END.length };
  }
}
