/**
 * How large each part of a multipart upload is, when the object's size is not known.
 *
 * Limits of S3: parts 1 to 10,000; every part but the last 5 MiB to 5 GiB; an object 5 TiB.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
import { BackupError } from "../../errors.js";
import type { PartLimits } from "../settings.js";

const MiB = 1024 * 1024;
const SMALLEST = 8 * MiB;
/** Of every part but the last. */
export const SMALLEST_PART = 5 * MiB;
export const LARGEST_PART = 5 * 1024 * MiB;

export const s3Limits: Required<PartLimits> = { maxParts: 10_000, equalParts: false };

/** Throws `STORE_FAILED` for a part behind the last that an object can have; `object` is what the message names. */
export function checkPartNumber(number: number, { maxParts }: Required<PartLimits>, object: string): void {
  if (number <= maxParts) return;
  throw new BackupError(
    "STORE_FAILED",
    `${object} grows beyond what its store can hold in one object of ${maxParts} parts`,
  );
}

/**
 * The first half of the parts are of one size: 5,000 of 8 MiB are 40 GiB, so that a usual archive has equal parts (some
 * stores want that, and memory stays small) even when nothing was known about its size.
 */
const EQUAL_SHARE = 1 / 2;
/** After these the size doubles every so many parts; 5,000 + 10 × 500 parts reach 5.5 TiB from the smallest size. */
const DOUBLING_SHARE = 1 / 20;

/**
 * Bytes of part `number` (from 1) of an object that is expected to have `sizeHint` bytes. A store that wants equal parts
 * gets them, and its objects end where its part numbers do.
 */
export function partSize(number: number, sizeHint = 0, limits: Required<PartLimits> = s3Limits): number {
  const equal = limits.maxParts * EQUAL_SHARE;
  const first = Math.max(SMALLEST, Math.ceil(sizeHint / equal / MiB) * MiB);
  const doublings = limits.equalParts
    ? 0
    : Math.max(0, Math.ceil((number - equal) / (limits.maxParts * DOUBLING_SHARE)));
  return Math.min(LARGEST_PART, first * 2 ** doublings);
}

/** Parts that may be on their way at once. */
export const MOST_IN_FLIGHT = 3;

/** Parts of this size that may be on their way at once: three while they are small, one when each is itself large. */
export function partsInFlight(bytesOfPart: number): number {
  return Math.max(1, Math.min(MOST_IN_FLIGHT, Math.floor((MOST_IN_FLIGHT * SMALLEST) / bytesOfPart)));
}
