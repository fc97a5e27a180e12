/** Subnet → the DHCP agent's value (data model, "Subnet"). Pure. @module */
import { canonicalNetwork } from "./ip_network.ts";
import type { Subnet } from "../openstack/records.ts";

/** The value, or null for a subnet without DHCP. */
export function dhcpSubnet(subnet: Subnet): Record<string, unknown> | null {
  if (!subnet.enable_dhcp) return null;
  const modes = subnet.ipv6_ra_mode && subnet.ipv6_address_mode
    ? { ipv6_ra_mode: subnet.ipv6_ra_mode, ipv6_address_mode: subnet.ipv6_address_mode }
    : {};
  return {
    network_id: subnet.network_id,
    cidr: canonicalNetwork(subnet.cidr),
    host_routes: subnet.host_routes,
    gateway_ip: subnet.gateway_ip,
    ...(subnet.dns_nameservers.length > 0 ? { dns_servers: subnet.dns_nameservers } : {}),
    ...modes,
  };
}
