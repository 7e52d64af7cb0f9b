import type { FastifySchemaCompiler } from "fastify";
import type { TSchema } from "@openclaw/schema";
import { GatewayError } from "../errors.js";
import { faultText, schemaCheck } from "../schema/check.js";

/**
 * Checks requests as everything else from outside is checked. Defaults are filled in; numbers and booleans are read from
 * the text of queries and headers, but a body must have the right types itself, and parts of a path are text.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const part = httpPart ?? "body";
  const check = schemaCheck(schema, { convert: part === "querystring" || part === "headers" });
  return (value: unknown) => {
    const checked = check(value);
    if (checked.ok) return { value: checked.value };
    return {
      error: new GatewayError("REQUEST_INVALID", faultText(checked.fault, `the ${part}`), {
        details: { in: part, path: checked.fault.path },
      }),
    };
  };
};
