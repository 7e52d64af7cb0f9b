import t from "tap";
import { parameterFields, parametersOf } from "./parameter-fields.js";

const SCHEMA = {
  type: "object",
  properties: {
    to: { type: "string", description: "Where to." },
    rehash: { type: "boolean" },
    compressionLevel: { type: "integer", minimum: 1, maximum: 19 },
    limitUpload: { anyOf: [{ type: "integer" }, { type: "string" }] },
    recipients: { type: "array", items: { type: "string" } },
    level: { type: "string", enum: ["quick", "full"] },
    options: { type: "object" },
  },
  required: ["to"],
};

t.test("what a job takes becomes fields of a form", (t) => {
  const fields = parameterFields(SCHEMA);
  t.same(
    fields.map(({ name, input }) => [name, input]),
    [
      ["to", "text"],
      ["rehash", "switch"],
      ["compressionLevel", "number"],
      ["limitUpload", "amount"],
      ["recipients", "lines"],
      ["level", "choice"],
      ["options", "json"],
    ],
  );
  t.match(fields[0], { label: "To", help: "Where to.", isRequired: true });
  t.match(fields[2], { label: "Compression level", isRequired: false, min: 1, max: 19 });
  t.same(fields[5]?.choices, ["quick", "full"]);
  t.same(parameterFields({ type: "object" }), []);
  t.end();
});

t.test("what was written becomes parameters; what was left out is none", (t) => {
  const fields = parameterFields(SCHEMA);
  t.same(parametersOf(fields, { to: " ", rehash: false, limitUpload: "", level: "" }), {});
  t.same(
    parametersOf(fields, {
      to: " dest:offsite/ ",
      rehash: true,
      compressionLevel: "9",
      limitUpload: "10MiB",
      recipients: "age1a\n\n age1b \n",
      level: "full",
      options: '{"a":1}',
    }),
    {
      to: "dest:offsite/",
      rehash: true,
      compressionLevel: 9,
      limitUpload: "10MiB",
      recipients: ["age1a", "age1b"],
      level: "full",
      options: { a: 1 },
    },
  );
  t.same(parametersOf(fields, { limitUpload: "2048" }), { limitUpload: 2048 });
  t.throws(() => parametersOf(fields, { options: "{" }), SyntaxError);
  t.end();
});
