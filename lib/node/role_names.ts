/** The roles, apart from the records, whose schemas are much to load for a name. @module */

/** Names of the roles, in the order in which they start; they stop in the reverse order. */
export const ROLE_NAMES = [
  "manager",
  "resource-syncer",
  "agent-status-watcher",
  "endpoint-status-watcher",
  "diagnostics",
] as const;
export type RoleName = typeof ROLE_NAMES[number];
