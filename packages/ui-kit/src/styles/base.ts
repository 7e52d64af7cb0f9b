import { css } from "lit";

/**
 * How plain elements look in the shell and in panels; goes into each element's `static styles`. Colours and distances are the
 * custom properties of the shell's `theme.css`, which reach into every shadow tree.
 */
export const baseStyles = css`
  :host {
    display: block;
    color: var(--oc-text);
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3 {
    margin: 0;
    line-height: 1.25;
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  h1 {
    font-size: 1.5rem;
  }
  h2 {
    font-size: 1.125rem;
  }
  h3 {
    font-size: 1rem;
  }
  p {
    margin: 0;
  }
  a {
    color: var(--oc-link);
  }
  a:focus-visible,
  button:focus-visible,
  input:focus-visible,
  select:focus-visible,
  textarea:focus-visible,
  summary:focus-visible,
  [tabindex]:focus-visible {
    outline: 2px solid var(--oc-focus);
    outline-offset: 2px;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.375rem;
    min-height: 2.25rem;
    padding: 0.25rem 0.875rem;
    border: 1px solid var(--oc-border-strong);
    border-radius: var(--oc-radius);
    background: var(--oc-surface);
    color: var(--oc-text);
    font: inherit;
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
  }
  button:hover:not(:disabled),
  .button:hover {
    background: var(--oc-hover);
  }
  button.primary,
  .button.primary {
    background: var(--oc-accent);
    border-color: var(--oc-accent);
    color: var(--oc-on-accent);
  }
  button.primary:hover:not(:disabled),
  .button.primary:hover {
    background: var(--oc-accent-strong);
  }
  button.danger {
    border-color: var(--oc-bad);
    color: var(--oc-bad);
  }
  button.plain {
    border-color: transparent;
    background: none;
  }
  button:disabled {
    opacity: 0.55;
    cursor: not-allowed;
  }
  input,
  select,
  textarea {
    min-height: 2.25rem;
    max-width: 100%;
    padding: 0.25rem 0.625rem;
    border: 1px solid var(--oc-border-strong);
    border-radius: var(--oc-radius);
    background: var(--oc-surface);
    color: var(--oc-text);
    font: inherit;
  }
  input[type="checkbox"],
  input[type="radio"] {
    min-height: 0;
    width: 1.125rem;
    height: 1.125rem;
    margin: 0;
    accent-color: var(--oc-accent);
  }
  label {
    font-weight: 500;
  }
  code,
  pre,
  .code {
    font-family: var(--oc-mono);
    font-size: 0.875em;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-variant-numeric: tabular-nums;
  }
  th,
  td {
    padding: 0.5rem 0.75rem;
    border-bottom: 1px solid var(--oc-border);
    text-align: start;
    vertical-align: middle;
  }
  th {
    font-weight: 600;
    color: var(--oc-muted);
    font-size: 0.8125rem;
  }
  td.number,
  th.number {
    text-align: end;
  }
  dl.facts {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 0.375rem 1rem;
    margin: 0;
  }
  dl.facts dt {
    color: var(--oc-muted);
  }
  dl.facts dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  dialog {
    width: min(36rem, calc(100vw - 2rem));
    max-height: calc(100vh - 2rem);
    padding: 1.25rem;
    border: 1px solid var(--oc-border);
    border-radius: calc(var(--oc-radius) * 2);
    background: var(--oc-surface);
    color: var(--oc-text);
    overflow: auto;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 50%);
  }
  .card {
    padding: 1rem;
    border: 1px solid var(--oc-border);
    border-radius: calc(var(--oc-radius) * 1.5);
    background: var(--oc-surface);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem 0.75rem;
  }
  .spread {
    justify-content: space-between;
  }
  .stack {
    display: grid;
    gap: 1rem;
    grid-template-columns: minmax(0, 1fr);
  }
  .tight {
    gap: 0.375rem;
  }
  .muted {
    color: var(--oc-muted);
  }
  .small {
    font-size: 0.875rem;
  }
  .name {
    overflow-wrap: anywhere;
    unicode-bidi: isolate;
  }
  .scroll {
    overflow-x: auto;
  }
  .badge {
    display: inline-flex;
    align-items: center;
    gap: 0.375rem;
    padding: 0.0625rem 0.5rem;
    border-radius: 1rem;
    background: var(--oc-hover);
    color: var(--oc-text);
    font-size: 0.8125rem;
    font-weight: 500;
    white-space: nowrap;
  }
  .badge.good {
    background: var(--oc-good-soft);
    color: var(--oc-good);
  }
  .badge.warning {
    background: var(--oc-warning-soft);
    color: var(--oc-warning);
  }
  .badge.bad {
    background: var(--oc-bad-soft);
    color: var(--oc-bad);
  }
  .error {
    padding: 0.75rem 1rem;
    border-inline-start: 4px solid var(--oc-bad);
    border-radius: var(--oc-radius);
    background: var(--oc-bad-soft);
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;
