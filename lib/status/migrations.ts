/**
 * The end of live migrations. While a port migrates, Neutron ignores what its destination reports, in
 * silence, because the port is bound to its source; and Felix, to which nothing changes at the end, does
 * not say it again. So when a LiveMigration goes, what the destination has said last is reported again.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { endpointNameParts, resourcePrefixes } from "../calico/keys.ts";
import type { JobContext, Term } from "../master_context.ts";
import type { EndpointId } from "./felix_status.ts";

/** Looked at so often, ms: they are few, and take longer than this. */
const TURN_MS = 1000;

/** Calls `onEnd` with the destination of every migration that has ended, until the term does. */
export async function followMigrations(
  term: Term,
  etcd: Etcd3,
  region: string | null,
  { clock }: Pick<JobContext, "clock">,
  onEnd: (destination: EndpointId) => void,
): Promise<void> {
  const prefix = resourcePrefixes(region).LiveMigration;
  let known = new Set<string>();
  while (!term.signal.aborted) {
    try {
      const now = new Set(await etcd.getAll().prefix(prefix).keys());
      for (const key of known) {
        const destination = now.has(key) ? null : endpointNameParts(key.slice(prefix.length));
        if (destination) onEnd(destination);
      }
      known = now;
    } catch {
      // The watch of endpoint status, on the same etcd, says what is wrong with it.
    }
    await clock.sleep(TURN_MS, term.signal).catch(() => {});
  }
}
