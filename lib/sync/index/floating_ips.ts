/** Floating IPs by port, by their own id and by address. @module */
import type { FloatingIp } from "../../openstack/records.ts";
import type { Revisions } from "./revisions.ts";

/** Those that Neutron has, as far as is known. */
export class FloatingIps {
  /** In the order of ids, as Neutron lists them. */
  readonly byPort = new Map<string, FloatingIp[]>();
  /** The port of each that has one. */
  readonly portOf = new Map<string, string>();
  /** Addresses by the id of their floating IP, and the other way round. */
  readonly #addresses = new Map<string, string>();
  readonly #idAt = new Map<string, string>();

  constructor(readonly revisions: Revisions) {}

  /** Notes one; the ports whose endpoints show it, before and now. */
  note(fip: FloatingIp): string[] {
    if (this.revisions.hasNewer(fip)) return [];
    const before = this.#detach(fip.id);
    this.revisions.set(fip.id, fip.revision_number);
    this.#addresses.set(fip.id, fip.floating_ip_address);
    this.#idAt.set(fip.floating_ip_address, fip.id);
    if (fip.port_id === null) return before;
    this.portOf.set(fip.id, fip.port_id);
    const others = this.byPort.get(fip.port_id) ?? [];
    const sorted = [...others, fip].sort((a, b) => a.id < b.id ? -1 : 1);
    this.byPort.set(fip.port_id, sorted);
    return [...before, fip.port_id];
  }

  /** Notes those of these ports as just read; other ports that showed one of them. */
  noteOf(ports: readonly string[], fips: readonly FloatingIp[]): string[] {
    const now = new Set(fips.map(({ id }) => id));
    for (const port of ports) {
      for (const { id } of this.byPort.get(port) ?? []) {
        // Where it is now, if anywhere, was not read.
        if (!now.has(id)) this.delete(id);
      }
    }
    const shown = fips.flatMap((fip) => this.note(fip));
    return shown.filter((port) => !ports.includes(port));
  }

  /** Forgets one that Neutron no longer has, or has elsewhere; returns the ports that showed it. */
  delete(id: string): string[] {
    this.revisions.delete(id);
    const address = this.#addresses.get(id);
    this.#addresses.delete(id);
    if (address !== undefined && this.#idAt.get(address) === id) this.#idAt.delete(address);
    return this.#detach(id);
  }

  /** Whether it is known just so. */
  has(fip: FloatingIp): boolean {
    if (this.#addresses.get(fip.id) !== fip.floating_ip_address) return false;
    if (fip.port_id === null) return !this.portOf.has(fip.id);
    const known = this.byPort.get(fip.port_id)?.find(({ id }) => id === fip.id);
    return known !== undefined && JSON.stringify(known) === JSON.stringify(fip);
  }

  /** Whether Neutron has one of that address, wherever it points. */
  hasAddress(address: string): boolean {
    return this.#idAt.has(address);
  }

  addressOf(id: string): string | undefined {
    return this.#addresses.get(id);
  }

  /** Some address that is not among those; null: none is known. */
  otherAddress(than: ReadonlySet<string>): string | null {
    for (const address of this.#idAt.keys()) if (!than.has(address)) return address;
    return null;
  }

  #detach(id: string): string[] {
    const port = this.portOf.get(id);
    if (port === undefined) return [];
    this.portOf.delete(id);
    const left = (this.byPort.get(port) ?? []).filter((fip) => fip.id !== id);
    if (left.length > 0) this.byPort.set(port, left);
    else this.byPort.delete(port);
    return [port];
  }
}
