/** Shared memory for one use, counted: only the end of a thread surely gives it back, because V8 collects no garbage for its sake. */
let bytesSoFar = 0;

export function sharedMemory(bytes: number): SharedArrayBuffer {
  bytesSoFar += bytes;
  return new SharedArrayBuffer(bytes);
}

/** Of this thread, since it began. */
export function sharedBytesSoFar(): number {
  return bytesSoFar;
}
