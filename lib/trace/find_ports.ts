/**
 * The ports that an operator means, as Neutron lists them: also those whose records cannot be understood, as
 * far as they can be read.
 *
 * @module
 */
import { z } from "zod";
import type { NeutronClient } from "../openstack/neutron.ts";
import { OBJECT_ID } from "../openstack/object_id.ts";
import { floatingIpSchema } from "../openstack/records.ts";
import type { TraceQuery } from "./query.ts";
import type { NeutronPort } from "./trace.ts";

/** Longest text of a port that is shown, characters. */
const MAX_CHARS = 255;
/** Addresses, groups and subnets of one port that are shown. */
const MAX_LIST = 50;

type Json = Readonly<Record<string, unknown>>;

/** A port's record, whatever is wrong with it; nothing is asked of it but its id. */
const anyPortSchema = z.looseObject({ id: z.string().regex(OBJECT_ID, "is no id") })
  .transform(shown);

/** Asks Neutron; each port once. @throws {OpenstackError} it does not answer. */
export async function findPorts(
  neutron: NeutronClient,
  { text, address }: TraceQuery,
  signal: AbortSignal,
): Promise<NeutronPort[]> {
  const by = async (field: string, values: readonly string[]) =>
    (await neutron.listBy("ports", anyPortSchema, signal, field, values)).items;
  const lists = address === null
    ? [
      OBJECT_ID.test(text) ? by("id", [text]) : [],
      by("device_id", [text]),
      by("binding:host_id", [text]),
    ]
    : [
      by("fixed_ips", [`ip_address=${address}`]),
      floatingPorts(neutron, address, signal, by),
      by("binding:host_id", [text]), // some name their hosts by address
    ];
  const found = (await Promise.all(lists)).flat();
  return [...new Map(found.map((port) => [port.id, port])).values()];
}

/** These ports, as Neutron lists them. @throws {OpenstackError} it does not answer. */
export async function portsById(
  neutron: NeutronClient,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<NeutronPort[]> {
  return (await neutron.listBy("ports", anyPortSchema, signal, "id", ids)).items;
}

/** Ports with a floating IP of that address. */
async function floatingPorts(
  neutron: NeutronClient,
  address: string,
  signal: AbortSignal,
  by: (field: string, values: readonly string[]) => Promise<NeutronPort[]>,
): Promise<NeutronPort[]> {
  const field = "floating_ip_address";
  const { items } = await neutron.listBy("floatingips", floatingIpSchema, signal, field, [address]);
  return await by("id", items.flatMap(({ port_id }) => port_id === null ? [] : [port_id]));
}

function shown(port: { readonly id: string } & Json): NeutronPort {
  const addresses = list(port.fixed_ips).map((ip) => object(ip));
  const { migrating_to } = object(port["binding:profile"]);
  return {
    id: port.id,
    name: text(port.name),
    device: text(port.device_id),
    deviceOwner: text(port.device_owner),
    host: text(port["binding:host_id"]),
    vifType: text(port["binding:vif_type"]),
    vnicType: text(port["binding:vnic_type"]),
    migratingTo: text(migrating_to) || null,
    status: text(port.status),
    isAdminUp: typeof port.admin_state_up === "boolean" ? port.admin_state_up : null,
    network: text(port.network_id),
    project: text(port.project_id),
    addresses: addresses.map(({ ip_address }) => text(ip_address)),
    subnets: addresses.map(({ subnet_id }) => text(subnet_id)),
    securityGroups: list(port.security_groups).map(text),
    revision: typeof port.revision_number === "number" ? port.revision_number : null,
    updatedAt: text(port.updated_at),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_CHARS) : "";
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_LIST) : [];
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? value as Json : {};
}
