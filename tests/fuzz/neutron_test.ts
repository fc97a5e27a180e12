/** Neutron's lists: pages of records, through the reader, the schemas and the translation to Calico's values. */
import fc from "fast-check";
import { systemClock } from "../../lib/base/clock.ts";
import type { Related } from "../../lib/calico/workload_endpoint.ts";
import { Extensions } from "../../lib/openstack/extensions.ts";
import { OpenstackError } from "../../lib/openstack/http.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { NovaClient } from "../../lib/openstack/nova.ts";
import type { Port, SecurityGroup, Subnet } from "../../lib/openstack/records.ts";
import { compare } from "../../lib/sync/model/compare.ts";
import { Translator } from "../../lib/sync/model/translate.ts";
import { GROUP, KINDS, RULE } from "../openstack_client/sample_records.ts";
import { testConfig } from "../support/test_config.ts";
import { fuzz } from "./fuzz.ts";
import { damaged } from "./inputs.ts";
import { withFetch } from "./with_fetch.ts";

const { signal } = new AbortController();
const config = { ...testConfig().openstack, authUrl: null, pageSize: 2 };
const STAMPS = { namespace: "openstack", creationTimestamp: "x", newUid: () => "uid" };
const translator = new Translator(null, { pairNetworks: ["10.0.0.0/8"] });
const RELATED: Related = {
  namespace: "openstack",
  networks: new Map(),
  subnets: new Map([["s", { gateway_ip: null, cidr: "10.0.0.0/24" }]]),
  securityGroups: new Map(),
  floatingIps: new Map(),
  qosPolicies: new Map(),
  projects: new Map(),
  unavailable: new Set(),
};

const links = [{ rel: "next", href: "http://elsewhere/x" }];
const lists = KINDS.map(({ path, record, schema }) => {
  const name = path.split("/").at(-1)!.replaceAll("-", "_");
  const whole = path === "security-groups"
    ? { ...record, security_group_rules: [RULE, { ...RULE, id: "r2", protocol: "tcp" }] }
    : record;
  const page = { [name]: [whole, { ...whole, id: GROUP }], [`${name}_links`]: links };
  const pages = fc.array(damaged(page), { minLength: 1, maxLength: 3 });
  return pages.map((bodies) => ({ path, schema, name, bodies }));
});

/** What etcd would get of a record. */
function translated(path: string, item: unknown): unknown {
  const wanted = path === "ports"
    ? translator.port(item as Port, RELATED)
    : path === "security-groups"
    ? [translator.group(item as SecurityGroup)]
    : path === "subnets"
    ? translator.subnet(item as Subnet)
    : [];
  return wanted.map((want) => compare(want, undefined, STAMPS));
}

/** `checkReadable` of an endpoint refuses one port, by name. */
const isRefusedPort = (error: Error) => /^fixed_ips: .* is no address$/.test(error.message);

fuzz(
  "lists of Neutron",
  fc.oneof(...lists),
  ({ path, schema, name, bodies }) => {
    let asked = 0;
    return withFetch(
      () =>
        bodies[asked++] ?? JSON.stringify({ [name]: [], [`${name}_links`]: [{ rel: "previous" }] }),
      async () => {
        using auth = new KeystoneAuth(config, systemClock);
        const neutron = new NeutronClient(config, auth);
        const { items, refused } = await neutron.list(path, schema, signal);
        return [items.map((item) => translated(path, item)), refused];
      },
    );
  },
  (error) => error instanceof OpenstackError || isRefusedPort(error),
);

fuzz(
  "Neutron's extensions, and where it says that a port is gone",
  damaged({ extensions: [{ alias: "binding" }] }, { ports: [{ id: GROUP }], ports_links: [] }),
  (body) =>
    withFetch(() => body, async () => {
      using auth = new KeystoneAuth(config, systemClock);
      const neutron = new NeutronClient(config, auth);
      const whereabouts = await neutron.confirmGone("ports", signal, ["a"], GROUP);
      return [Extensions.parse(JSON.parse(body))?.missing, whereabouts];
    }),
  (error) => error instanceof OpenstackError || error instanceof SyntaxError,
);

fuzz(
  "Nova's answer to an event",
  damaged({ events: [{ code: 200, server_uuid: "s", tag: "p", name: "network-vif-plugged" }] }),
  (body) =>
    withFetch(() => body, async () => {
      using auth = new KeystoneAuth(config, systemClock);
      return await new NovaClient("http://nova/v2.1", auth).networkVifPlugged("s", "p", signal);
    }),
  (error) => error instanceof OpenstackError,
);
