import { css } from "lit";

/** What the gateway's own pages have in common beyond the base styles. */
export const pageStyles = css`
  .compact {
    min-height: 1.875rem;
    padding: 0.0625rem 0.625rem;
    font-size: 0.875rem;
  }
  .filters {
    align-items: end;
  }
  .filters label {
    display: grid;
    gap: 0.1875rem;
    font-size: 0.8125rem;
    color: var(--oc-muted);
  }
  .filters label.check {
    display: flex;
    align-items: center;
    gap: 0.375rem;
    min-height: 2.25rem;
    color: var(--oc-text);
  }
  .table {
    padding: 0;
    overflow-x: auto;
  }
  .table tr:last-child td {
    border-bottom: 0;
  }
  td {
    overflow-wrap: break-word;
  }
  .nowrap {
    white-space: nowrap;
  }
  .empty {
    padding: 2.5rem 1rem;
    text-align: center;
    color: var(--oc-muted);
  }
  /* On a phone each row of a table is a block of its own: its cells say by themselves what they are. */
  @media (width < 48rem) {
    table.rows,
    table.rows tbody,
    table.rows thead,
    table.rows tr,
    table.rows td {
      display: block;
    }
    table.rows thead {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
    table.rows tr {
      padding: 0.75rem 1rem;
      border-bottom: 1px solid var(--oc-border);
    }
    table.rows tr:last-child {
      border-bottom: 0;
    }
    table.rows td {
      padding: 0.125rem 0;
      border: 0;
      white-space: normal;
    }
    table.rows td[data-label]::before {
      content: attr(data-label) ": ";
      color: var(--oc-muted);
      font-size: 0.8125rem;
    }
    table.rows td:empty {
      display: none;
    }
  }
`;
