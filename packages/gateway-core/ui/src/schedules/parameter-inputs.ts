import { html, nothing, type TemplateResult } from "lit";
import type { ParameterField } from "./parameter-fields.js";

/** Fields for what a job takes. Each input has its parameter's name in `data-parameter`. */
export function parameterInputs(fields: readonly ParameterField[]): TemplateResult | typeof nothing {
  if (fields.length === 0) return nothing;
  const required = fields.filter(({ isRequired }) => isRequired);
  const optional = fields.filter(({ isRequired }) => !isRequired);
  return html`${required.map(inputOf)}
  ${
    optional.length === 0
      ? nothing
      : html`<details>
          <summary>What the job is told</summary>
          <div class="stack inside">${optional.map(inputOf)}</div>
        </details>`
  }`;
}

function inputOf(field: ParameterField): TemplateResult {
  const id = `parameter-${field.name}`;
  const helpId = field.help === undefined ? nothing : `${id}-help`;
  const help =
    field.help === undefined ? nothing : html`<p id=${helpId} class="small muted">${field.help}</p>`;
  if (field.input === "switch")
    return html`<div class="field">
      <div class="check">
        <input id=${id} type="checkbox" data-parameter=${field.name} aria-describedby=${helpId} />
        <label for=${id}>${field.label}</label>
      </div>
      ${help}
    </div>`;
  return html`<div class="field">
    <label for=${id}>${field.label}</label>${control(field, id, helpId)}${help}
  </div>`;
}

function control(
  { name, input, choices, isRequired, min, max }: ParameterField,
  id: string,
  helpId: string | typeof nothing,
): TemplateResult {
  switch (input) {
    case "choice":
      return html`<select id=${id} data-parameter=${name} ?required=${isRequired} aria-describedby=${helpId}>
        <option value="">As the job has it by itself</option>
        ${choices.map((choice) => html`<option value=${choice}>${choice}</option>`)}
      </select>`;
    case "lines":
    case "json":
      return html`<textarea
        id=${id}
        rows="2"
        data-parameter=${name}
        ?required=${isRequired}
        spellcheck="false"
        placeholder=${input === "lines" ? "One on each line" : "JSON"}
        aria-describedby=${helpId}
      ></textarea>`;
    default:
      return html`<input
        id=${id}
        type=${input === "number" ? "number" : "text"}
        min=${min ?? nothing}
        max=${max ?? nothing}
        data-parameter=${name}
        ?required=${isRequired}
        autocomplete="off"
        spellcheck="false"
        aria-describedby=${helpId}
      />`;
  }
}
