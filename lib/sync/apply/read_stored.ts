/** Values that etcd holds, as a run reads them. @module */
import { readFenced } from "../../etcd/fenced_write.ts";
import type { Stored } from "../model/compare.ts";
import type { Kind } from "../model/kinds.ts";
import type { SyncRun } from "./sync_run.ts";

/**
 * The values of those keys that exist. The time that it takes is added to the kind's account.
 *
 * @throws {FenceLostError} another node leads.
 */
export async function readStored(
  run: SyncRun,
  kind: Kind,
  keys: readonly string[],
): Promise<Map<string, Stored>> {
  run.deps.progress("reading etcd");
  return await run.timed(kind, "etcdReadMs", () => readFenced(run.deps.etcd, run.term, keys));
}
