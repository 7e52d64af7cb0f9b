/** How a test's comment begins that is to stand in CI's summary. */
export const SUMMARY = "summary: ";
