/**
 * What differs between a lab's Neutron and etcd, seen from outside the product's processes: objects that
 * a full resync would change, and ports whose status is not what Felix wrote. Something is always on
 * its way; what differs at every one of several looks is drift.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { electionKey } from "../lib/calico/keys.ts";
import { systemClock } from "../lib/base/clock.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { KeystoneAuth } from "../lib/openstack/keystone.ts";
import { NeutronClient } from "../lib/openstack/neutron.ts";
import { portSchema } from "../lib/openstack/records.ts";
import { endpointId, felixPrefix, parsePortStatus } from "../lib/status/felix_status.ts";
import { toldStatus } from "../lib/status/reporter.ts";
import type { Change } from "../lib/sync/model/compare.ts";
import type { Sink } from "../lib/sync/apply/sink.ts";
import { fullResync } from "../lib/sync/sources/full.ts";
import { testConfig } from "../tests/support/test_config.ts";

const LOOKS = 3;

/** Collects what would be changed. */
class Collector implements Sink {
  readonly keys: string[] = [];
  readonly conflicts: Change[] = [];
  readonly tooLarge: Change[] = [];
  readonly refused: Change[] = [];
  readonly full = null;
  add({ action, key }: Change): Promise<void> {
    this.keys.push(`${action} ${key}`);
    return Promise.resolve();
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
}

/** Looks at a lab. Dispose of it to close its connections. */
export class DriftWatch {
  readonly #etcd: Etcd3;
  readonly #keystone: KeystoneAuth;
  readonly #neutron: NeutronClient;

  constructor(etcdUrl: string, readonly neutronUrl: string) {
    const config = testConfig();
    const openstack = {
      ...config.openstack,
      neutronUrl,
      authUrl: `${neutronUrl}/identity/v3`,
      credential: {
        method: "password" as const,
        user: { name: "lab", domain: { name: "Default" } },
        password: "lab",
        project: { name: "admin", domain: { name: "Default" } },
      },
      requestTimeoutMs: 30_000,
    };
    this.#etcd = openEtcd({ ...config.etcd, endpoints: [etcdUrl], callTimeoutMs: 30_000 });
    this.#keystone = new KeystoneAuth(openstack, systemClock);
    this.#neutron = new NeutronClient(openstack, this.#keystone);
  }

  /** What differs at each of three looks, with that wait between them. */
  async lasting(between: () => Promise<unknown>): Promise<string[]> {
    let lasting: Set<string> | null = null;
    for (let look = 0; look < LOOKS; look++) {
      if (look > 0) await between();
      const now = new Set([...await this.objects(), ...await this.statuses()]);
      lasting = lasting === null ? now : lasting.intersection(now);
    }
    return [...lasting!];
  }

  /** Keys that a full resync would change now. */
  async objects(): Promise<string[]> {
    const key = electionKey(null);
    const { kvs } = await this.#etcd.get(key).exec();
    if (!kvs[0]) return ["nobody leads"];
    const sink = new Collector();
    const signal = AbortSignal.timeout(60_000);
    const { create_revision: term, value } = kvs[0];
    const observer = { term, id: String(value), electionKey: key, signal, observer: true };
    const deps = {
      etcd: this.#etcd,
      keystone: this.#keystone,
      neutron: this.#neutron,
      clock: systemClock,
      region: null,
      progress: () => {},
    };
    await fullResync(deps, observer, { sink, allowDeletions: true });
    return sink.keys;
  }

  /** Bound ports whose status in Neutron is not what Felix says of their host's endpoint. */
  async statuses(): Promise<string[]> {
    const prefix = felixPrefix(null);
    const said = new Map<string, string>();
    for (const [key, value] of Object.entries(await this.#etcd.getAll().prefix(prefix).buffers())) {
      const id = endpointId(key, prefix);
      const status = id && parsePortStatus(value);
      if (id && status) said.set(`${id.host}/${id.port}`, status);
    }
    const signal = AbortSignal.timeout(60_000);
    const { items } = await this.#neutron.list("ports", portSchema, signal);
    return items.flatMap((port) => {
      const felix = said.get(`${port["binding:host_id"]}/${port.id}`);
      // Over a bus an error can only be told as DOWN.
      const same = felix === undefined || [felix, toldStatus(felix)].includes(port.status);
      return same ? [] : [`status of ${port.id}: ${port.status}, Felix says ${felix}`];
    });
  }

  [Symbol.dispose](): void {
    this.#keystone[Symbol.dispose]();
    this.#etcd.close();
  }
}
