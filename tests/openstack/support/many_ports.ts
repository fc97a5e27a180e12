/**
 * Many ports in a bed's Neutron, as copies of one straight in its database: over the API they would come at some
 * tens a second.
 *
 * @module
 */
import type { Bed } from "./bed.ts";
import type { Json } from "./rest.ts";

/** Hosts that the copies are bound to in turn. */
const HOSTS = 50;
const NETWORK = "many-ports";

/** Has Neutron hold so many bound ports in a network of their own; there may be more of earlier runs. */
export async function manyPorts(bed: Bed, count: number): Promise<void> {
  const [found] = await bed.neutron.list(`networks?name=${NETWORK}`);
  const network = found ??
    (await bed.neutron.post("networks", { network: { name: NETWORK } })).network;
  const model = await modelPort(bed, network.id);
  const sql = (text: string) =>
    bed.run(
      "mariadb",
      "--no-defaults",
      "-S",
      bed.at.databaseSocket,
      "-N",
      "-B",
      "-e",
      text,
      "neutron",
    );
  const have = Number(await sql(`SELECT COUNT(*) FROM ports WHERE network_id = '${network.id}'`));
  if (have < count) await sql(copies(model, network.id, have, count - have));
}

async function modelPort(bed: Bed, network: string): Promise<Json> {
  const [known] = await bed.neutron.list(`ports?network_id=${network}&name=model`);
  if (known) return known;
  const subnet = { network_id: network, ip_version: 4, cidr: "10.64.0.0/12", enable_dhcp: false };
  await bed.neutron.post("subnets", { subnet });
  const port = { network_id: network, name: "model", device_owner: "compute:nova" };
  return (await bed.neutron.post("ports", { port })).port;
}

/** The statements: rows of every table that a bound port with an address and its groups has. */
function copies({ id, project_id }: Json, network: string, from: number, count: number): string {
  // By chance, as Neutron's own: MariaDB's UUID() counts up.
  const hash = "MD5(CONCAT(RAND(), seq))";
  const uuid = "CONCAT_WS('-', SUBSTR(h, 1, 8), SUBSTR(h, 9, 4), CONCAT('4', SUBSTR(h, 14, 3)), " +
    "CONCAT('8', SUBSTR(h, 18, 3)), SUBSTR(h, 21, 12))";
  const octet = (bits: number) => `((n >> ${bits}) & 255)`;
  return `
    CREATE TEMPORARY TABLE copies (n INT PRIMARY KEY, id CHAR(36), device CHAR(36), attr BIGINT)
      SELECT seq + ${from} + 1000 AS n, ${uuid} AS id, UUID() AS device,
        seq + (SELECT MAX(id) FROM standardattributes) AS attr
      FROM (SELECT seq, ${hash} AS h FROM seq_1_to_${count}) AS drawn;
    INSERT INTO standardattributes (id, resource_type, created_at, updated_at, description, revision_number)
      SELECT attr, 'ports', NOW(), NOW(), '', 1 FROM copies;
    INSERT INTO ports (project_id, id, name, network_id, mac_address, admin_state_up, status, device_id,
        device_owner, standard_attr_id, ip_allocation)
      SELECT '${project_id}', id, CONCAT('copy-', n), '${network}',
        CONCAT_WS(':', 'fa:16:40', ${
    [16, 8, 0].map((bits) => `LPAD(HEX(${octet(bits)}), 2, '0')`)
  }),
        1, 'ACTIVE', device, 'compute:nova', attr, 'immediate' FROM copies;
    INSERT INTO ml2_port_bindings (port_id, host, vif_type, vnic_type, profile, vif_details, status)
      SELECT id, CONCAT('many-', n % ${HOSTS}), 'tap', 'normal', '', '{"port_filter": true}', 'ACTIVE'
      FROM copies;
    INSERT INTO ipallocations (port_id, ip_address, subnet_id, network_id)
      SELECT c.id, CONCAT_WS('.', 10, 64 + ${octet(16)}, ${octet(8)}, ${
    octet(0)
  }), a.subnet_id, a.network_id
      FROM copies c JOIN ipallocations a ON a.port_id = '${id}';
    INSERT INTO securitygroupportbindings (port_id, security_group_id)
      SELECT c.id, b.security_group_id FROM copies c JOIN securitygroupportbindings b ON b.port_id = '${id}';`;
}
