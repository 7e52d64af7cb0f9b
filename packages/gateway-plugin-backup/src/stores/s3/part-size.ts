/**
 * How large each part of a multipart upload is, when the object's size is not known.
 *
 * Limits of S3: parts 1 to 10,000; every part but the last 5 MiB to 5 GiB; an object 5 TiB.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
import { BackupError } from "../../errors.js";

const MiB = 1024 * 1024;
const SMALLEST = 8 * MiB;
const LARGEST = 5 * 1024 * MiB;

export const MAX_PARTS = 10_000;

/** Throws `STORE_FAILED` for a part behind the last that an object can have; `object` is what the message names. */
export function checkPartNumber(number: number, object: string): void {
  if (number <= MAX_PARTS) return;
  throw new BackupError("STORE_FAILED", `${object} grows beyond what S3 can store in one object`);
}

/**
 * Parts of one size: 5,000 of 8 MiB are 40 GiB, so that a usual archive has equal parts (some stores want that, and
 * memory stays small) even when nothing was known about its size.
 */
const EQUAL_PARTS = 5_000;
/** After these the size doubles every so many parts; 5,000 + 10 × 500 parts reach 6.4 TiB from the smallest size. */
const DOUBLING_PARTS = 500;

/** Bytes of part `number` (from 1) of an object that is expected to have `sizeHint` bytes. */
export function partSize(number: number, sizeHint = 0): number {
  const first = Math.max(SMALLEST, Math.ceil(sizeHint / EQUAL_PARTS / MiB) * MiB);
  const doublings = Math.max(0, Math.ceil((number - EQUAL_PARTS) / DOUBLING_PARTS));
  return Math.min(LARGEST, first * 2 ** doublings);
}

/** Parts that may be on their way at once: three while they are small, one when each is itself large. */
export function partsInFlight(bytesOfPart: number): number {
  return Math.max(1, Math.min(3, Math.floor((3 * SMALLEST) / bytesOfPart)));
}
