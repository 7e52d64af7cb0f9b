/** Server-sent events, read from a response body: https://html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.6. */

export interface ServerSentEvent {
  /** `message` where the server names none. */
  readonly event: string;
  readonly data: string;
}

/** Yields the events of a stream however its bytes are cut. An event that the stream's end cuts off is dropped. */
export async function* parseEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let event = "";
  let data: string[] = [];
  for await (const line of lines(chunks)) {
    if (line === "") {
      if (data.length > 0) yield { event: event === "" ? "message" : event, data: data.join("\n") };
      event = "";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    // `id` and `retry` mean nothing here: a new connection begins with the job's state of that moment. A comment
    // (empty field name) keeps the connection alive, and that is all.
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
  }
}

/** Lines end with LF, CR LF or CR. A CR at the end of a chunk waits for the LF that may follow. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  // Removes a leading byte order mark by itself, as the specification wants.
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest.endsWith("\r")) yield rest.slice(0, -1);
}
