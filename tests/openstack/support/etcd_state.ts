/** What a node has written to etcd. @module */
import type { Etcd3 } from "etcd3";
import { openEtcd } from "../../../lib/etcd/client.ts";
import { testConfig } from "../../support/test_config.ts";
import type { Json } from "./rest.ts";

const RESOURCES = "/calico/resources/v3/projectcalico.org/";
/** Where the resource syncer writes. */
export const PREFIXES = {
  endpoints: `${RESOURCES}workloadendpoints/openstack/`,
  policies: `${RESOURCES}networkpolicies/openstack/`,
  migrations: `${RESOURCES}livemigrations/openstack/`,
  subnets: "/calico/dhcp/v2/no-region/subnet/",
} as const;

/** A client for tests; close it. */
export function etcdClient(url: string): Etcd3 {
  return openEtcd({ ...testConfig().etcd, endpoints: [url], callTimeoutMs: 20_000 });
}

/** One key. */
export interface Stored {
  readonly value: Json;
  /** Decimal. */
  readonly modRevision: string;
}

/** Everything below the four prefixes, by key. @throws a value is no JSON. */
export async function readState(etcd: Etcd3): Promise<Map<string, Stored>> {
  const found = new Map<string, Stored>();
  for (const prefix of Object.values(PREFIXES)) {
    const { kvs } = await etcd.getAll().prefix(prefix).exec();
    for (const { key, value, mod_revision } of kvs) {
      found.set(key.toString(), {
        value: JSON.parse(value.toString()),
        modRevision: String(mod_revision),
      });
    }
  }
  return found;
}

/** The endpoints of a port, by host. */
export async function endpointsOf(etcd: Etcd3, portId: string): Promise<Map<string, Json>> {
  const found = new Map<string, Json>();
  for (const [key, { value }] of await readState(etcd)) {
    if (!key.startsWith(PREFIXES.endpoints) || value.spec.endpoint !== portId) continue;
    found.set(value.spec.node, value);
  }
  return found;
}
