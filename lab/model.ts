/**
 * The lab's cloud: Neutron's collections as it shows them over REST, projects, and what was reported.
 *
 * @module
 */

/** An object as Neutron shows it. */
export type Item = Record<string, unknown> & { id: string; revision_number: number };

/** Collections by the name in their answer's JSON. */
export const COLLECTIONS = [
  "networks",
  "subnets",
  "ports",
  "security_groups",
  "floatingips",
  "policies",
  "address_groups",
  "agents",
] as const;
export type Collection = typeof COLLECTIONS[number];

/** An event that Nova was told. */
export interface NovaEvent {
  readonly name: string;
  readonly server_uuid: string;
  readonly tag: string;
}

/** The whole cloud. */
export class Cloud {
  readonly #items = Object.fromEntries(
    COLLECTIONS.map((name) => [name, new Map<string, Item>()]),
  ) as Record<Collection, Map<string, Item>>;
  readonly projects: { id: string; name: string; parent_id: string; domain_id: string }[] = [];
  readonly hosts: string[] = [];
  readonly novaEvents: NovaEvent[] = [];
  readonly stats = { agentReports: 0, portReports: 0 };

  /** All of a collection in the order of ids, as Neutron lists it. */
  list(collection: Collection): Item[] {
    return [...this.#items[collection].values()].sort((a, b) => a.id < b.id ? -1 : 1);
  }

  get(collection: Collection, id: string): Item | undefined {
    return this.#items[collection].get(id);
  }

  add(collection: Collection, fields: Record<string, unknown> & { id: string }): Item {
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const item = { created_at: now, updated_at: now, ...fields, revision_number: 1 };
    this.#items[collection].set(item.id, item);
    return item;
  }

  /** Changes fields; the revision grows, as in Neutron, with every change. */
  change(collection: Collection, id: string, fields: Record<string, unknown>): Item | undefined {
    const item = this.get(collection, id);
    if (!item) return undefined;
    const updated_at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    Object.assign(item, fields, { updated_at, revision_number: item.revision_number + 1 });
    return item;
  }

  /** A port's floating IPs lose it silently, as in Neutron. */
  remove(collection: Collection, id: string): boolean {
    if (collection === "ports") {
      for (const fip of this.#items.floatingips.values()) {
        if (fip.port_id !== id) continue;
        this.change("floatingips", fip.id, { port_id: null, fixed_ip_address: null });
      }
    }
    return this.#items[collection].delete(id);
  }

  /** Ids of a network's subnets, which Neutron names whoever may see them. */
  subnetsOf(network: string): string[] {
    return this.list("subnets").filter(({ network_id }) => network_id === network)
      .map(({ id }) => id);
  }

  /** Ports that belong to VMs. */
  vmPorts(): Item[] {
    return this.list("ports").filter((port) => String(port.device_owner).startsWith("compute:"));
  }
}
