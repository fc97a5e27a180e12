/** The limits beyond which something is wrong: the same in the verdict, in the charts and in the logs. @module */

/** A running role must have shown a heartbeat within this time, ms. */
export const SILENT_MS = 10_000;

/** Agent status that is seen later than this is a backlog, ms. */
export const LAG_MS = 60_000;

/** A port status that waits for longer is no longer on its way, ms. */
export const LONG_WAIT_MS = 60_000;

/** What the manager says of etcd's members is of the past after this, ms: it asks them every 10 s. */
export const MEMBERS_OLD_MS = 45_000;
/** The same of its databases, which it reads every minute. */
export const DATABASES_OLD_MS = 180_000;

export { LONG_QUEUE } from "../status/newest_queue.ts";
