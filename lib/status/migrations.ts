/**
 * The end of live migrations. While a port migrates, Neutron ignores what its destination reports, in
 * silence, because the port is bound to its source; and Felix, to which nothing changes at the end, does
 * not say it again. So when a LiveMigration goes, what the destination has said last is reported again.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { endpointNameParts, resourcePrefixes } from "../calico/keys.ts";
import { mirror } from "../etcd/mirror.ts";
import type { JobContext, Term } from "../master_context.ts";
import type { EndpointId } from "./felix_status.ts";

/** Calls `onEnd` with the destination of every migration that has ended, until the term does. */
export async function followMigrations(
  term: Term,
  etcd: Etcd3,
  region: string | null,
  { clock, log }: Pick<JobContext, "clock" | "log">,
  onEnd: (destination: EndpointId) => void,
): Promise<void> {
  const prefix = resourcePrefixes(region).LiveMigration;
  const idOf = (key: string) => endpointNameParts(key.slice(prefix.length));
  const changes = mirror(etcd, prefix, {
    signal: term.signal,
    clock,
    wants: (key) => idOf(key) !== null,
    // Nothing of ours belongs among Calico's resources.
    roundTripKey: null,
    onTrouble: () => {}, // the watch of endpoint status, on the same etcd, says it
    onLost: (reason) => log.debug("the watch of migrations is lost", { reason }),
  });
  try {
    for await (const batch of changes) {
      for (const { key, value } of batch) if (value === null) onEnd(idOf(key)!);
    }
  } catch (error) {
    if (!term.signal.aborted) throw error;
  }
}
