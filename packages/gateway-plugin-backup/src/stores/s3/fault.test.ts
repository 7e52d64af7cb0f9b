import t from "tap";
import { CredentialsFailure, faultOf, type Fault } from "./fault.js";

const answered = (
  status: number,
  name?: string,
  headers: Readonly<Record<string, string>> = {},
): unknown => ({
  name,
  $metadata: { httpStatusCode: status },
  $response: { headers },
});

/** What the SDK throws, and what is to be made of it. */
const cases: Readonly<
  Record<string, readonly [thrown: unknown, expected: Pick<Fault, "code"> & Partial<Fault>]>
> = {
  "a nameless 401": [
    answered(401),
    { code: "STORE_DENIED", repeat: "never", reason: "the store answered HTTP 401" },
  ],
  "a nameless 404": [answered(404), { code: "ARCHIVE_NOT_FOUND", repeat: "never", uncertain: false }],
  "a nameless 429": [answered(429), { code: "STORE_UNREACHABLE", repeat: "slower", uncertain: false }],
  "a nameless 301": [answered(301), { code: "BUCKET_NOT_FOUND", repeat: "never" }],
  "a nameless 418": [answered(418), { code: "STORE_FAILED", repeat: "never" }],
  "a full store": [answered(507), { code: "STORE_FAILED", repeat: "never", uncertain: true }],
  "an answer that was cut": [answered(200), { code: "STORE_FAILED", repeat: "again", uncertain: true }],
  "a bucket that is not there": [
    answered(404, "NoSuchBucket"),
    { code: "BUCKET_NOT_FOUND", reason: "the store answered NoSuchBucket (HTTP 404)" },
  ],
  "a store that asks for patience": [
    answered(503, "SlowDown", { "retry-after": "7" }),
    { code: "STORE_UNREACHABLE", repeat: "slower", uncertain: false, retryAfterMs: 7000 },
  ],
  "a connection that was refused": [
    { name: "Error", code: "ECONNREFUSED" },
    { code: "STORE_UNREACHABLE", repeat: "again", uncertain: false, name: "ECONNREFUSED" },
  ],
  "a time that is up": [
    { name: "TimeoutError" },
    { code: "STORE_UNREACHABLE", repeat: "again", uncertain: true, name: "TimeoutError" },
  ],
  "an answer that is no HTTP": [
    { name: "Error", code: "HPE_INVALID_CONSTANT" },
    { code: "STORE_UNREACHABLE", repeat: "never", reason: "it does not speak HTTP" },
  ],
  "a code that nobody knows": [
    { name: "Error", code: "EWHATEVER" },
    { code: "STORE_FAILED", repeat: "never", uncertain: true, reason: "the request failed with EWHATEVER" },
  ],
  "an error that has only a name": [{ name: "RangeError" }, { code: "STORE_FAILED", name: "RangeError" }],
  "what is no error": ["a text", { code: "STORE_FAILED", reason: "the request failed with Unknown" }],
  "a profile without credentials": [
    new CredentialsFailure({
      ...{ code: "CREDENTIALS_MISSING", name: "x", repeat: "never", uncertain: false },
      reason: "there are none",
    }),
    { code: "CREDENTIALS_MISSING", repeat: "never", uncertain: false, reason: "there are none" },
  ],
};

for (const [what, [thrown, expected]] of Object.entries(cases))
  t.test(`${what}: ${expected.code}`, (t) => {
    t.match(faultOf(thrown), expected);
    t.end();
  });
