/** Which resync runs just now. Pure. @module */
import type { Resync } from "../state/records.ts";
import type { Facts } from "./facts.ts";

/**
 * The run that runs; null: none, as far as is known. A process that is killed leaves its run without an end: so
 * of those without one only the newest can run, only on a master, and only if the process that runs is older.
 */
export function runningResync(
  { resyncs, isMaster, roles }: Pick<Facts, "resyncs" | "isMaster" | "roles">,
): Resync | null {
  const newest = resyncs.find(({ endedAt }) => endedAt === null);
  if (!newest || !isMaster) return null;
  const syncer = roles.find(({ name }) => name === "resource-syncer")?.process;
  if (!syncer || syncer.startedAt === null) return null;
  if (syncer.state !== "running" && syncer.state !== "starting") return null;
  return newest.startedAt >= syncer.startedAt ? newest : null;
}
