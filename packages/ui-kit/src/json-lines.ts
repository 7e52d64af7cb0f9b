/** The values of a stream of JSON lines, as they arrive. Throws a SyntaxError for a line that is none. */
export async function* jsonLines<T>(stream: ReadableStream<Uint8Array>): AsyncGenerator<T, void, void> {
  for await (const line of lines(stream)) if (line !== "") yield JSON.parse(line) as T;
}

/** Lines without their ends; the last one as well where nothing ends it. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  const reader = stream
    .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .getReader();
  let begun = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const parts = (begun + value).split("\n");
      begun = parts.pop() ?? "";
      yield* parts;
    }
    if (begun !== "") yield begun;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
