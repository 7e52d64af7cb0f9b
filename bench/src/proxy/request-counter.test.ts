import fc from "fast-check";
import t from "tap";
import { RequestCounter } from "./request-counter.js";

const REQUESTS = [
  "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
  "PUT /b HTTP/1.1\r\nContent-Length: 29\r\n\r\nGET /no HTTP/1.1\r\nHost: x\r\n\r\n",
  "POST /c?uploads HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
  "PUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;signature=1\r\nab\r\nc\r\na\r\n0123456789\r\n0\r\n\r\n",
  "PUT /e HTTP/1.1\r\nTRANSFER-ENCODING: chunked\r\n\r\n0\r\nx-amz-checksum-crc32: AAAA\r\nother: 1\r\n\r\n",
  "DELETE /f HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n\r\n\r",
];

t.test("every request is counted once, however the bytes are cut", (t) => {
  const stream = Buffer.from([...REQUESTS, ...REQUESTS].join(""));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (cuts) => {
      const counter = new RequestCounter();
      for (let offset = 0, n = 0; offset < stream.length; n++) {
        const end = offset + (cuts[n % cuts.length] ?? 1);
        counter.add(stream.subarray(offset, end));
        offset = end;
      }
      return counter.requests === 2 * REQUESTS.length;
    }),
  );
  t.end();
});

t.test("what is not HTTP is not counted as if it were", (t) => {
  t.throws(() => new RequestCounter().add(Buffer.alloc(2 * 1024 * 1024)), /not HTTP/);
  const chunked = "PUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n";
  t.throws(() => new RequestCounter().add(Buffer.from(chunked.replace("hello", "zz"))), /no chunk size/);
  t.end();
});
