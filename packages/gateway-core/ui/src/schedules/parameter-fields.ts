/** Fields of a form for what a job type takes, from its JSON schema, and the parameters that were written into them. */

export interface ParameterField {
  readonly name: string;
  readonly label: string;
  readonly help: string | undefined;
  /** `amount`: a number, or a text such as one with a unit. `lines`: a list, one on each line. `json`: anything else. */
  readonly input: "text" | "number" | "amount" | "switch" | "choice" | "lines" | "json";
  readonly choices: readonly string[];
  readonly isRequired: boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export function parameterFields(schema: unknown): ParameterField[] {
  const { properties = {}, required = [] } = schema as Schema;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    label: labelOf(name),
    help: property.description,
    input: inputOf(property),
    choices: (property.enum ?? []).map(String),
    isRequired: required.includes(name),
    min: property.minimum,
    max: property.maximum,
  }));
}

/** What was written, by the fields' names; a switch is `true` or `false`. Throws a `SyntaxError` for JSON that is none. */
export function parametersOf(
  fields: readonly ParameterField[],
  written: Readonly<Record<string, string | boolean>>,
): Record<string, unknown> {
  const values = fields.flatMap(({ name, input }): [string, unknown][] => {
    const value = written[name];
    if (value === undefined || value === false) return [];
    if (value === true) return [[name, true]];
    const text = value.trim();
    if (text === "") return [];
    if (input === "lines")
      return [
        [
          name,
          text
            .split("\n")
            .map((line) => line.trim())
            .filter(Boolean),
        ],
      ];
    if (input === "json") return [[name, JSON.parse(text)]];
    const isNumber = input === "number" || (input === "amount" && /^\d+$/.test(text));
    return [[name, isNumber ? Number(text) : text]];
  });
  return Object.fromEntries(values);
}

function inputOf({ type, enum: choices, anyOf, items }: Schema): ParameterField["input"] {
  if (choices !== undefined) return "choice";
  if (type === "boolean") return "switch";
  if (type === "integer" || type === "number") return "number";
  if (type === "string") return "text";
  const types = anyOf?.map((one) => one.type).sort();
  if (types?.join() === "integer,string" || types?.join() === "number,string") return "amount";
  return type === "array" && items?.type === "string" ? "lines" : "json";
}

/** `limitUpload`: "Limit upload". */
function labelOf(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
