/** The limits beyond which something is wrong: the same in the verdict, in the charts and in the logs. @module */

/** A running role must have shown a heartbeat within this time, ms. */
export const SILENT_MS = 10_000;

/** Agent status that is seen later than this is a backlog, ms. */
export const LAG_MS = 60_000;

export { LONG_QUEUE } from "../status/newest_queue.ts";
