/** URLs and hosts in options: what is accepted makes permissions of one host each. */
import fc from "fast-check";
import { isPeerHost } from "../../lib/base/peer_host.ts";
import { ConfigError } from "../../lib/config/config_error.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { parseTransportUrl } from "../../lib/config/transport_url.ts";
import { permissionFlags, permissionRow, type ProcessName } from "../../lib/process/permissions.ts";
import { TOOL_NAMES } from "../../lib/process/tools.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";
import { assert } from "../support/assert.ts";
import { fuzz } from "./fuzz.ts";
import { oddText, spoilt } from "./inputs.ts";

const places = { protoDir: "/proto", addresses: () => ["192.0.2.7", "0.0.0.0"] };
const processes: ProcessName[] = [...ROLE_NAMES, ...TOOL_NAMES, "lab"];
const hosts = fc.oneof(
  fc.constantFrom("ctl", "*.example", "0.0.0.0", "[::]", "10.0.0.5", "[2001:db8::1]", "0x0", "*"),
  oddText,
);
const urls = fc.oneof(
  spoilt("http://ctl:9696", "https://[2001:db8::1]:5000/identity/v3", "http://u:p@ctl/x?y#z"),
  fc.tuple(fc.constantFrom("http", "https", "HTTP", "ftp"), hosts, oddText).map(
    ([scheme, host, rest]) => `${scheme}://${host}${rest}`,
  ),
);
const brokers = fc.oneof(
  spoilt("rabbit://u:p@a:5672,b,c:5671/v%2Fhost?ssl=1", "kombu+rabbit://u:p%40@[::1]:5672//"),
  hosts.map((host) => `rabbit://u:p@${host}:5672/`),
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const flags = fc.record({
  neutron_url: optional(urls),
  nova_url: optional(urls),
  etcd: optional(fc.array(fc.oneof(urls, hosts.map((host) => `${host}:2379`)), { maxLength: 2 })),
  listen: optional(hosts.map((host) => `${host}:9797`)),
  allowed_hosts: optional(hosts),
  address_pair_networks: optional(fc.oneof(hosts, spoilt("10.0.0.0/8,2001:db8::/32"))),
});

fuzz(
  "URLs and hosts of options",
  fc.tuple(flags, optional(brokers)),
  ([flags, broker]) => {
    if (broker !== undefined) parseTransportUrl(broker);
    const env = { CONDUCTOR_TRANSPORT_URL: broker };
    const { config } = resolveConfig({ flags, env, files: [], hostname: "ctl" });
    for (const name of processes) {
      const row = permissionRow(name, config, places);
      for (const entry of row.net) {
        const host = entry.replace(/:\d+$/, "");
        const listens = /^(0\.0\.0\.0|\[::\])$/.test(host) && name === "diagnostics";
        assert(listens || isPeerHost(host), `${name}: ${entry}`);
      }
      permissionFlags(row);
    }
    return config;
  },
  (error) => error instanceof ConfigError,
);
