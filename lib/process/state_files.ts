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

/** Folders of what is too large for it, each of one role, as the table of roles says. */
export const FOLDERS = { resources: "resources", agents: "agents", ports: "ports" } as const;

/** What a process may write there that keeps no files. */
export function sharedFiles(stateDir: string): string[] {
  return [`${stateDir}/${KV_FILE}`, `${stateDir}/${CHANGES_FILE}`];
}

/** What one may that has that folder. */
export function filesWith(folder: keyof typeof FOLDERS, stateDir: string): string[] {
  return [...sharedFiles(stateDir), `${stateDir}/${FOLDERS[folder]}`];
}
