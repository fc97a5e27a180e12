/** What every resync of one configuration works with. @module */
import type { Etcd3 } from "etcd3";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Config } from "../../config/config_types.ts";
import type { KeystoneAuth } from "../../openstack/keystone.ts";
import type { Meter } from "../../metrics/meter.ts";
import { NeutronClient } from "../../openstack/neutron.ts";
import { newShared } from "../../openstack/shared.ts";
import type { ResyncDeps } from "../apply/sync_run.ts";

/** The part of the configuration that it uses. */
export interface ResyncConfig extends Pick<Config, "region" | "openstack"> {
  readonly sync: Pick<Config["sync"], "qos" | "maxDeletions" | "addressPairNetworks">;
}

/** Without what is one run's own. */
export type ResyncBase = Omit<ResyncDeps, "progress" | "differences">;

/** Of that configuration; the clients stay the caller's to close. */
export function resyncBase(
  { region, openstack, sync }: ResyncConfig,
  etcd: Etcd3,
  keystone: KeystoneAuth,
  clock: Clock,
  job?: { readonly log: Log; readonly meter?: Meter },
): ResyncBase {
  const shared = newShared(openstack, job?.meter);
  const neutron = new NeutronClient(openstack, keystone, job?.log, shared);
  const { qos, maxDeletions, addressPairNetworks: pairNetworks } = sync;
  return { etcd, keystone, neutron, clock, region, qos, maxDeletions, pairNetworks };
}
