import { css } from "lit";

export const appStyles = css`
  main {
    max-width: 82rem;
    margin-inline: auto;
    padding: 1.25rem;
  }
  main[tabindex]:focus-visible {
    outline: none;
  }
  .waiting {
    padding: 4rem 1rem;
    text-align: center;
  }
  [role="alert"] {
    position: sticky;
    top: 0;
    z-index: 2;
  }
  .gone {
    padding: 0.5rem 1.25rem;
    border-bottom: 1px solid var(--oc-border);
    background: var(--oc-warning-soft);
    color: var(--oc-warning);
    font-weight: 600;
  }
  @media (width < 48rem) {
    main {
      padding: 1rem 0.75rem;
    }
  }
`;
