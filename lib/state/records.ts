/**
 * The records that the processes of one node share: their shapes, as schemas. What is read is
 * validated; see `store.ts`, which reads and writes them. Each subject has a file of its own.
 *
 * @module
 */
export * from "./records/cluster.ts";
export * from "./records/mastership.ts";
export * from "./records/requests.ts";
export * from "./records/resync.ts";
export * from "./records/resync_hours.ts";
export * from "./records/roles.ts";
export * from "./records/status.ts";
export { ROLE_NAMES, type RoleName } from "../process/roles.ts";
