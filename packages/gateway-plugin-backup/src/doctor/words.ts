/** How long ago, in words of people. @param ms Milliseconds. */
export function ageText(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} days`;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
