/**
 * The one place where data from outside (config, requests, tenant records, job parameters) is checked against its
 * TypeBox schema, and where a fault is put into words: which key, what is wrong, what is allowed.
 */
import { Compile, type Static, type TSchema, Value } from "@openclaw/schema";

export interface Fault {
  /** Dotted path of the offending key: `gateway.port`, `plugins.backup.localRoots[0]`. Empty for the whole value. */
  readonly path: string;
  /** Follows the path in a sentence: `must be <= 65535`, `is unknown; allowed: bind, port, token`. */
  readonly problem: string;
}

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

export interface CheckOptions {
  /** Turn the strings of a query or a header into the numbers and booleans that the schema asks for. */
  readonly convert?: boolean;
}

/**
 * The returned function fills defaults into its argument (in place), and returns it checked, or the first fault. It compiles
 * `schema` when it is first used: a process is never asked most of what it could be.
 */
export function schemaCheck<S extends TSchema>(
  schema: S,
  options: CheckOptions = {},
): (value: unknown) => Checked<Static<S>> {
  let compiled: ReturnType<typeof Compile<S>> | undefined;
  return (value) => {
    compiled ??= Compile(schema);
    const converted = options.convert === true ? Value.Convert(schema, value) : value;
    const complete = withDefaults(schema, converted);
    if (compiled.Check(complete)) return { ok: true, value: complete };
    return { ok: false, fault: worded(schema, compiled.Errors(complete)) };
  };
}

function withDefaults(schema: TSchema, value: unknown): unknown {
  try {
    return Value.Default(schema, value);
  } catch {
    // typebox 1.4 throws at a key that a record with additionalProperties: false does not allow; the check names it.
    return value;
  }
}

/** `gateway.port must be <= 65535`. */
export function faultText(fault: Fault, whole: string): string {
  return `${fault.path === "" ? whole : fault.path} ${fault.problem}`;
}

/** What `compiled.Errors` gives, as far as it is used here. */
interface SchemaError {
  readonly keyword: string;
  /** JSON pointer into the schema, with a leading `#`. */
  readonly schemaPath: string;
  /** JSON pointer into the value. */
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function worded(schema: TSchema, errors: readonly SchemaError[]): Fault {
  // A failed union reports every branch; the union itself, whose description says what is allowed, is what helps.
  // A "boolean" error only repeats the additionalProperties error behind it.
  const error =
    errors.find((one) => one.keyword !== "boolean" && !one.schemaPath.includes("/anyOf/")) ??
    errors.find((one) => one.keyword === "anyOf") ??
    errors[0];
  if (error === undefined) return { path: "", problem: "is invalid" };

  const path = dotted(error.instancePath);
  const at = schemaAt(schema, error.schemaPath);
  const params: Readonly<Record<string, unknown>> = { ...error.params };
  switch (error.keyword) {
    case "additionalProperties": {
      const allowed = isObject(at) && isObject(at["properties"]) ? Object.keys(at["properties"]) : [];
      const unknown = String(firstOf(params["additionalProperties"]));
      const list = allowed.length === 0 ? "" : `; allowed: ${allowed.join(", ")}`;
      return { path: joined(path, unknown), problem: `is unknown${list}` };
    }
    case "required":
      return { path: joined(path, String(firstOf(params["requiredProperties"]))), problem: "is missing" };
    case "enum":
      return { path, problem: `must be one of: ${String(params["allowedValues"])}` };
    case "anyOf":
    case "pattern": {
      const description =
        isObject(at) && typeof at["description"] === "string" ? at["description"] : undefined;
      return { path, problem: description === undefined ? error.message : `must be ${description}` };
    }
    default:
      return { path, problem: error.message };
  }
}

function firstOf(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function dotted(pointer: string): string {
  let path = "";
  for (const key of pointerKeys(pointer)) {
    path = /^\d+$/.test(key) ? `${path}[${key}]` : joined(path, key);
  }
  return path;
}

function schemaAt(schema: unknown, pointer: string): unknown {
  let at = schema;
  for (const key of pointerKeys(pointer.replace(/^#/, ""))) at = isObject(at) ? at[key] : undefined;
  return at;
}

function pointerKeys(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
