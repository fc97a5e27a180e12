/** Values and keys in etcd that the syncer compares and completes; anybody may have written them. */
import fc from "fast-check";
import { felixPrefix, resourcePrefixes } from "../../lib/calico/keys.ts";
import { judgeKey, parseElectionValue } from "../../lib/election/key.ts";
import { TermObservations } from "../../lib/election/observed_terms.ts";
import type { Facet } from "../../lib/calico/kept_facets.ts";
import { parseJson } from "../../lib/base/json.ts";
import { nodeSchema, termSchema } from "../../lib/state/records.ts";
import { changeLines } from "../../lib/sync/apply/change_lines.ts";
import { CLUSTER_OBJECTS, completed } from "../../lib/sync/apply/cluster_objects.ts";
import { jsonChanges } from "../../lib/sync/apply/json_changes.ts";
import { compare, removal } from "../../lib/sync/model/compare.ts";
import { subjectOf } from "../../lib/sync/model/kinds.ts";
import type { Desired } from "../../lib/sync/model/translate.ts";
import { assertEquals } from "../support/assert.ts";
import { fuzz } from "./fuzz.ts";
import { asBytes, damaged, oddText, spoilt } from "./inputs.ts";

const NOW = "2026-11-24T14:02:03Z";
const STAMPS = { namespace: "openstack", creationTimestamp: NOW, newUid: () => "uid" };
const ADDRESSES = new Set(["192.0.2.1"]);
const LIKE = { action: "Allow", ipVersion: 4 };
/** All that may be kept of a stored value. */
const KEEP: readonly Facet[] = [
  { of: "network", id: "n" },
  { of: "gateway", address: "10.0.0.5" },
  { of: "spec", field: "qosControls" },
  { of: "addresses", addresses: ADDRESSES },
  { of: "group", id: "g" },
  { of: "group", id: null },
  { of: "project", id: "p" },
  { of: "fqdn" },
  { of: "pairs" },
];
const ENDPOINT = {
  kind: "WorkloadEndpoint",
  apiVersion: "projectcalico.org/v3",
  metadata: {
    name: "h-openstack-d-p",
    namespace: "openstack",
    creationTimestamp: NOW,
    uid: "uid",
    labels: {
      "projectcalico.org/openstack-project-id": "p",
      "sg.projectcalico.org/openstack-g": "g",
    },
    annotations: { "openstack.projectcalico.org/network-id": "n" },
  },
  spec: {
    endpoint: "p",
    ipNetworks: ["10.0.0.5/32"],
    allowedIps: [],
    ipNATs: [{ internalIP: "10.0.0.5", externalIP: "192.0.2.1" }],
    ipv4Gateway: "10.0.0.1",
    qosControls: { ingressBandwidth: 1 },
  },
};
const RULE = { ...LIKE, source: { nets: ["10.0.0.0/8"] } };
const POLICY = {
  ...ENDPOINT,
  kind: "NetworkPolicy",
  metadata: { ...ENDPOINT.metadata, name: "ossg.default.g" },
  spec: { ingress: [RULE, RULE], egress: [], selector: "all()" },
};
const SUBNET = { network_id: "n", cidr: "10.0.0.0/24", host_routes: [], gateway_ip: "10.0.0.1" };

function desired(kind: "WorkloadEndpoint" | "NetworkPolicy", keep: readonly Facet[]): Desired {
  const name = kind === "WorkloadEndpoint" ? ENDPOINT.metadata.name : POLICY.metadata.name;
  const spec = kind === "WorkloadEndpoint" ? ENDPOINT.spec : POLICY.spec;
  const resource = { kind, name, labels: {}, annotations: {}, spec, keep };
  const subject = { type: kind === "WorkloadEndpoint" ? "port" : "group", id: "p" } as const;
  return {
    key: resourcePrefixes(null)[kind] + name,
    kind,
    subject,
    resource,
    plain: null,
    group: "h",
  };
}
const WANTED: readonly Desired[] = [
  desired("WorkloadEndpoint", KEEP),
  desired("WorkloadEndpoint", []),
  desired("NetworkPolicy", [{ of: "rules", direction: "ingress", at: 1, like: LIKE }]),
  {
    ...{ key: `${resourcePrefixes(null).Subnet}s`, kind: "Subnet", group: "subnets" },
    ...{ subject: { type: "subnet", id: "s" }, resource: null, plain: SUBNET },
  },
];

fuzz(
  "values of objects in etcd",
  fc.tuple(fc.constantFrom(...WANTED), asBytes(damaged(ENDPOINT, POLICY, SUBNET))),
  ([want, value]) => {
    const stored = { value, modRevision: "7" };
    const change = compare(want, stored, STAMPS);
    const created = compare(want, undefined, STAMPS, stored);
    if (change === null) return created;
    // What was written once is right, and stays as it is.
    const written = { value: new TextEncoder().encode(change.value!), modRevision: "8" };
    assertEquals(compare(want, written, STAMPS), null);
    const text = new TextDecoder().decode(value);
    return [change, created, changeLines(change, stored), jsonChanges(text, change.value)];
  },
);

fuzz(
  "Felix's cluster-wide configuration",
  fc.tuple(
    fc.constantFrom(...CLUSTER_OBJECTS),
    damaged(
      { kind: "ClusterInformation", metadata: { name: "default" }, spec: { clusterType: "k8s" } },
      { kind: "FelixConfiguration", metadata: {}, spec: { interfacePrefix: "cali,tap" } },
    ),
  ),
  ([object, text]) => {
    const value = completed(object, text, NOW);
    if (value !== null) assertEquals(completed(object, value, NOW), null);
    return value === null ? null : JSON.parse(value);
  },
  (error) => error instanceof RangeError,
);

const KEYS = spoilt(
  `${resourcePrefixes(null).WorkloadEndpoint}h--1-openstack-d--1-p--1`,
  `${resourcePrefixes("r").NetworkPolicy}ossg.default.g`,
  `${resourcePrefixes(null).Subnet}s`,
  `${felixPrefix(null)}h/status`,
);
fuzz("names of keys in etcd", KEYS, (key) => {
  const name = key.split("/").at(-1)!;
  const kinds = ["WorkloadEndpoint", "LiveMigration", "NetworkPolicy", "Subnet"] as const;
  return kinds.map((kind) => [
    subjectOf(kind, name),
    removal(kind, resourcePrefixes(null)[kind], key, "1"),
  ]);
});

const term = { term: "12", node: "n", id: "n:1", start: 1, end: null, reason: null, until: 2 };
const node = { name: "n", version: "1", roles: ["manager"], since: 1, diagnostics: "127.0.0.1:1" };
fuzz(
  "the election key, and what nodes keep for each other",
  fc.tuple(oddText, damaged(term, node)),
  ([value, text]) => {
    const key = { value, createRevision: "13", modRevision: "14", lease: "0" };
    const judgement = judgeKey({
      ...{ observed: key, name: "n", pid: 1, granted: false, predecessor: false, refreshed: false },
      ...{ unchangedMs: 60_000, ttlMs: 1000, respectUnleased: false, key: "/election" },
    });
    const record = parseJson(text);
    const { data } = termSchema.safeParse(record);
    const terms = data ? [data] : [];
    const raw = { key: "/e", ...key, version: "1", leaseGrantedSeconds: 1, leaseLeftSeconds: 1 };
    const seen = new TermObservations("node-1").look(raw, terms, 1_000_000);
    return [judgement, parseElectionValue(value), seen, nodeSchema.safeParse(record).data];
  },
);
