/** The `code` of what a system call threw: ENOENT, EACCES, … Undefined for every other error. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "syscall" in error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** `EACCES: permission denied, open '/proc/self/fd/20/x'` without the call and its path, which say nothing to people. */
export function systemReason(error: unknown): string {
  return messageOf(error).replace(/, \w+( '.*)?$/s, "");
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
