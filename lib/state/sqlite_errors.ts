/**
 * What SQLite, in which Deno KV keeps its file, says of a failure: its words are not ours, and are judged
 * here alone.
 *
 * @module
 */
import { describeError } from "../base/log.ts";

/** The file is no database, or damaged. */
export function isDamaged(error: unknown): boolean {
  return /not a database|malformed|corrupt/i.test(describeError(error));
}

/**
 * Another process has written between a transaction's read and its write (SQLite cannot turn the one into
 * the other then): nothing is wrong, and it may be tried again.
 */
export function isBusy(error: unknown): boolean {
  return /database is locked/.test(String(error));
}
