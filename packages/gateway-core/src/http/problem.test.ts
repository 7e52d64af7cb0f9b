import t from "tap";
import { GatewayError } from "../errors.js";
import { problemOf } from "./problem.js";

t.test("a coded error of any package becomes a problem document with all it says", (t) => {
  const error = Object.assign(new Error("The store is away"), {
    code: "STORE_UNREACHABLE",
    status: 502,
    exitCode: 6,
    hint: "Check the endpoint.",
    details: { endpoint: "http://store" },
  });
  t.same(problemOf(error, "request-1"), {
    type: "urn:openclaw:problem:store-unreachable",
    title: "Store unreachable",
    status: 502,
    detail: "The store is away",
    instance: "request-1",
    code: "STORE_UNREACHABLE",
    hint: "Check the endpoint.",
    exitCode: 6,
    details: { endpoint: "http://store" },
  });
  t.match(problemOf(new GatewayError("FORBIDDEN", "No"), "1"), {
    status: 403,
    exitCode: 5,
    code: "FORBIDDEN",
  });
  t.end();
});

t.test("an unknown error says nothing of itself", (t) => {
  for (const error of [new Error("password is x"), "text", undefined, { statusCode: 400, message: "x" }]) {
    const problem = problemOf(error, "request-1");
    t.match(problem, { code: "INTERNAL", status: 500, detail: "The gateway failed to answer this request" });
    t.notMatch(JSON.stringify(problem), /password/);
  }
  t.end();
});

t.test("what the HTTP library refuses is the client's fault, by its status", (t) => {
  const refused = (statusCode: number) => problemOf(Object.assign(new Error("m"), { statusCode }), "1").code;
  t.equal(refused(400), "REQUEST_INVALID");
  t.equal(refused(413), "BODY_TOO_LARGE");
  t.equal(refused(415), "MEDIA_TYPE_UNSUPPORTED");
  t.equal(refused(500), "INTERNAL");
  t.end();
});
