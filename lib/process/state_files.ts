/**
 * What a process may write in the state directory: the two files that all share, and a folder of its own, which the
 * others read.
 *
 * @module
 */

/** The Deno KV file that all processes share: Deno opens none that may not be written. */
export const KV_FILE = "state.kv";
/** Is touched when somebody waits for what was written to it; empty. */
export const CHANGES_FILE = "changed";

/** Roles that keep files beside it, each in a folder of its name. */
export const FOLDERS = {
  "resource-syncer": "resource-syncer",
  "agent-status-watcher": "agent-status-watcher",
  "endpoint-status-watcher": "endpoint-status-watcher",
} as const;

/** What a process may write there that keeps no files. */
export function sharedFiles(stateDir: string): string[] {
  return [`${stateDir}/${KV_FILE}`, `${stateDir}/${CHANGES_FILE}`];
}

/** What one may that does. */
export function filesOf(role: keyof typeof FOLDERS, stateDir: string): string[] {
  return [...sharedFiles(stateDir), `${stateDir}/${FOLDERS[role]}`];
}
