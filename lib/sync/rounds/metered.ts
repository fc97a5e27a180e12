/** A view of the client of Neutron that measures for how long its own requests are under way. @module */
import type { Clock } from "../../base/clock.ts";
import { NeutronClient } from "../../openstack/neutron.ts";

/** A view, and what its requests have taken so far. */
export interface MeteredNeutron {
  readonly client: NeutronClient;
  /** All of its requests added up, ms, with those that failed and what passed between their tries. */
  busyMs(): number;
}

/** The same client; what others ask beside it does not count. */
export function metered(
  { config, auth, log, shared }: NeutronClient,
  clock: Pick<Clock, "monotonic">,
): MeteredNeutron {
  let busyMs = 0;
  const own: NeutronClient["auth"] = {
    async fetch(url, signal, read, init) {
      const from = clock.monotonic();
      try {
        return await auth.fetch(url, signal, read, init);
      } finally {
        busyMs += clock.monotonic() - from;
      }
    },
  };
  return { client: new NeutronClient(config, own, log, shared), busyMs: () => busyMs };
}
