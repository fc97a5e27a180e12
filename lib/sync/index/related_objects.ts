/**
 * What endpoints show of other objects, as last read, and which of it has changed since a full resync
 * compared all ports with it: a port that refers to such an object is compared again, though its own
 * revision is the same.
 *
 * @module
 */
import type { Related, Unavailable } from "../../calico/workload_endpoint.ts";
import type {
  AddressGroup,
  FloatingIp,
  Network,
  Project,
  QosPolicy,
  SecurityGroup,
  Subnet,
} from "../../openstack/records.ts";

interface Objects {
  readonly networks: Network;
  readonly subnets: Subnet;
  readonly securityGroups: Pick<SecurityGroup, "id" | "name" | "revision_number">;
  readonly qosPolicies: QosPolicy;
  readonly projects: Project;
  /** Shown by policies, not by endpoints. */
  readonly addressGroups: AddressGroup;
}
type Name = keyof Objects;

/** What endpoints show of each. */
const SHOWN: { readonly [N in Name]: (object: Objects[N]) => unknown } = {
  networks: ({ name, qos_policy_id }) => [name, qos_policy_id],
  subnets: ({ gateway_ip }) => gateway_ip,
  securityGroups: ({ name }) => name,
  qosPolicies: ({ rules }) => rules,
  projects: ({ name, parent_id }) => [name, parent_id],
  addressGroups: ({ addresses }) => addresses,
};
const NAMES = Object.keys(SHOWN) as Name[];

/** Projects have none. */
function revisionOf(object: Objects[Name]): number {
  return "revision_number" in object ? object.revision_number : 0;
}

function same<N extends Name>(name: N, a: Objects[N] | undefined, b: Objects[N] | undefined) {
  if (a === undefined || b === undefined) return a === b;
  return JSON.stringify(SHOWN[name](a)) === JSON.stringify(SHOWN[name](b));
}

/** See the module. Floating IPs are kept by port id, everything else by its own. */
export class RelatedObjects implements Related {
  readonly networks = new Map<string, Network>();
  readonly subnets = new Map<string, Subnet>();
  readonly securityGroups = new Map<string, Objects["securityGroups"]>();
  readonly qosPolicies = new Map<string, QosPolicy>();
  readonly projects = new Map<string, Project>();
  readonly addressGroups = new Map<string, AddressGroup>();
  readonly floatingIps = new Map<string, FloatingIp[]>();
  unavailable: ReadonlySet<Unavailable> = new Set();
  /** Ids of what has changed since {@linkcode compareFromNow}; null before. */
  #changed: Set<string> | null = null;

  constructor(readonly namespace: string) {}

  /** All ports are going to be compared with what is here now. */
  compareFromNow(): void {
    this.#changed = new Set();
  }

  /**
   * Keeps an object; true: it is new, or endpoints show it otherwise than before. What another run has
   * kept since that object was read, which has a higher revision, stays.
   */
  put<N extends Name>(name: N, object: Objects[N]): boolean {
    const map = this.#map(name);
    const before = map.get(object.id);
    if (before && revisionOf(before) > revisionOf(object)) return false;
    map.set(object.id, object);
    if (same(name, before, object)) return false;
    this.#changed?.add(object.id);
    return true;
  }

  delete(name: Name, id: string): void {
    if (this.#map(name).delete(id)) this.#changed?.add(id);
  }

  /** What was found when these ids were asked for; ids of what was there and shows otherwise now. */
  replace<N extends Name>(name: N, ids: Iterable<string>, found: readonly Objects[N][]): string[] {
    const there = new Set(found.map(({ id }) => id));
    for (const id of ids) if (!there.has(id)) this.delete(name, id);
    const otherwise: string[] = [];
    for (const object of found) {
      const known = this.#map(name).has(object.id);
      if (this.put(name, object) && known) otherwise.push(object.id);
    }
    return otherwise;
  }

  /** What ports may show otherwise than when they were compared with `before`. */
  changesSince(before: RelatedObjects): RelatedChanges {
    const changed = new Set(before.#changed);
    const compare = <N extends Name>(name: N) => {
      const [was, is] = [before.#map(name), this.#map(name)];
      for (const [id, object] of is) if (!same(name, was.get(id), object)) changed.add(id);
      for (const id of was.keys()) if (!is.has(id)) changed.add(id);
    };
    for (const name of NAMES) compare(name);
    for (const { id, qos_policy_id } of this.networks.values()) {
      if (qos_policy_id !== null && changed.has(qos_policy_id)) changed.add(id);
    }
    return new RelatedChanges(changed, before.floatingIps, this.floatingIps);
  }

  /** Whether an address group is otherwise than policies were compared with in `before`. */
  hasOtherAddresses(id: string, before: RelatedObjects): boolean {
    if (before.#changed?.has(id)) return true;
    return !same("addressGroups", before.addressGroups.get(id), this.addressGroups.get(id));
  }

  #map<N extends Name>(name: N): Map<string, Objects[N]> {
    // deno-lint-ignore no-explicit-any
    return this[name] as any;
  }
}

/** See {@linkcode RelatedObjects.changesSince}. */
export class RelatedChanges {
  constructor(
    readonly changed: ReadonlySet<string>,
    readonly before: RelatedObjects["floatingIps"],
    readonly now: RelatedObjects["floatingIps"],
  ) {}

  /** Whether they concern a port; `record` is what Neutron sent of it. */
  concern(id: string, record: unknown): boolean {
    const [was, is] = [this.before.get(id), this.now.get(id)];
    if ((was || is) && JSON.stringify(was) !== JSON.stringify(is)) return true;
    if (this.changed.size === 0) return false;
    const port = record as Record<string, unknown>;
    const groups = Array.isArray(port.security_groups) ? port.security_groups : [];
    const subnets = Array.isArray(port.fixed_ips) ? port.fixed_ips.map((ip) => ip?.subnet_id) : [];
    return [port.network_id, port.project_id, port.qos_policy_id, ...groups, ...subnets]
      .some((other) => this.changed.has(other));
  }
}
