import { assertEquals } from "../support/assert.ts";
import { type Facet, withKept } from "../../lib/calico/kept_facets.ts";

const STORED = {
  metadata: {
    labels: {
      "projectcalico.org/openstack-network-name": "blue",
      "projectcalico.org/openstack-project-id": "p",
      "projectcalico.org/openstack-project-name": "shop",
      "projectcalico.org/openstack-project-parent-id": "default",
      "sg.projectcalico.org/openstack-g1": "web",
      "sg-name.projectcalico.org/openstack-web": "g1",
      "sg.projectcalico.org/openstack-g2": "db",
      "sg-name.projectcalico.org/openstack-db": "g2",
      odd: 7,
    },
    annotations: {
      "openstack.projectcalico.org/network-id": "n",
      "openstack.projectcalico.org/fqdn": "vm.example.",
    },
  },
  spec: {
    ipNetworks: ["10.0.0.5/32", "2001:db8::5/128", "192.0.2.9/32"],
    allowedIps: ["192.0.2.9/32"],
    ipv4Gateway: "10.0.0.1",
    ipv6Gateway: "2001:db8::1",
    ipNATs: [{ internalIP: "10.0.0.5", externalIP: "198.51.100.5" }],
    qosControls: { egressBandwidth: 1000 },
  },
};
const WANT = {
  kind: "WorkloadEndpoint",
  name: "x",
  labels: { "sg.projectcalico.org/openstack-g1": "" },
  annotations: {},
  spec: { ipNetworks: ["10.0.0.6/32"], allowedIps: [] as string[] },
};

function kept(...facets: Facet[]) {
  const { labels, annotations, spec } = withKept(WANT, facets, STORED);
  return { labels, annotations, spec };
}
const { labels, annotations, spec } = WANT;

const CASES: [what: string, facet: Facet, change: Partial<ReturnType<typeof kept>>][] = [
  ["the name of the same network", { of: "network", id: "n" }, {
    labels: { ...labels, "projectcalico.org/openstack-network-name": "blue" },
  }],
  ["not the name of another network", { of: "network", id: "other" }, {}],
  ["the names of the same project", { of: "project", id: "p" }, {
    labels: {
      ...labels,
      "projectcalico.org/openstack-project-name": "shop",
      "projectcalico.org/openstack-project-parent-id": "default",
    },
  }],
  ["not the names of another project", { of: "project", id: "q" }, {}],
  ["the labels of one group", { of: "group", id: "g1" }, {
    labels: {
      "sg.projectcalico.org/openstack-g1": "web",
      "sg-name.projectcalico.org/openstack-web": "g1",
    },
  }],
  ["the gateway of an address that it had", { of: "gateway", address: "10.0.0.5" }, {
    spec: { ...spec, ipv4Gateway: "10.0.0.1" },
  }],
  ["the IPv6 gateway alone", { of: "gateway", address: "2001:db8::5" }, {
    spec: { ...spec, ipv6Gateway: "2001:db8::1" },
  }],
  ["no gateway of a new address", { of: "gateway", address: "10.0.0.6" }, {}],
  ["floating IPs", { of: "spec", field: "ipNATs" }, {
    spec: { ...spec, ipNATs: STORED.spec.ipNATs },
  }],
  ["those floating IPs that are doubtful", {
    of: "addresses",
    addresses: new Set(["198.51.100.5"]),
  }, { spec: { ...spec, ipNATs: STORED.spec.ipNATs } }],
  ["no floating IP that is certainly gone", {
    of: "addresses",
    addresses: new Set(["192.0.2.1"]),
  }, {}],
  ["limits", { of: "spec", field: "qosControls" }, {
    spec: { ...spec, qosControls: STORED.spec.qosControls },
  }],
  ["its name in DNS", { of: "fqdn" }, {
    annotations: { "openstack.projectcalico.org/fqdn": "vm.example." },
  }],
  ["address pairs behind the fixed addresses", { of: "pairs" }, {
    spec: { ipNetworks: ["10.0.0.6/32", "192.0.2.9/32"], allowedIps: ["192.0.2.9/32"] },
  }],
];

for (const [what, facet, change] of CASES) {
  Deno.test(`an endpoint keeps ${what}`, () =>
    assertEquals(kept(facet), { labels, annotations, spec, ...change }));
}

Deno.test("an endpoint keeps the labels of all groups when nobody can be asked", () =>
  assertEquals(Object.keys(kept({ of: "group", id: null }).labels).sort(), [
    "sg-name.projectcalico.org/openstack-db",
    "sg-name.projectcalico.org/openstack-web",
    "sg.projectcalico.org/openstack-g1",
    "sg.projectcalico.org/openstack-g2",
  ]));

Deno.test("a stored value of another shape gives nothing to keep", () => {
  for (const stored of [null, {}, { metadata: 1, spec: [] }, { spec: { ipNetworks: "x" } }]) {
    const facets = CASES.map(([, facet]) => facet);
    assertEquals(withKept(WANT, facets, stored).spec, spec);
  }
});

Deno.test("an address that is no text is none of those that stay", () => {
  const odd = [{ externalIP: { toString: 1 } }, { externalIP: ["198.51.100.5"] }, null, "x"];
  const stored = { ...STORED, spec: { ...STORED.spec, ipNATs: [...odd, ...STORED.spec.ipNATs] } };
  const keep: Facet = { of: "addresses", addresses: new Set(["198.51.100.5"]) };
  assertEquals(withKept(WANT, [keep], stored).spec.ipNATs, STORED.spec.ipNATs);
});
