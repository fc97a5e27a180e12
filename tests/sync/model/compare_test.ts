import { assert, assertEquals } from "../../support/assert.ts";
import { sameJson } from "../../../lib/calico/same_json.ts";
import { compare } from "../../../lib/sync/model/compare.ts";
import type { Desired } from "../../../lib/sync/model/translate.ts";

const WANT: Desired = {
  key: "/k",
  kind: "NetworkPolicy",
  subject: { type: "group", id: "g" },
  group: "",
  plain: null,
  resource: {
    kind: "NetworkPolicy",
    name: "ossg.default.g",
    labels: {},
    annotations: {},
    spec: { ingress: [], egress: [], selector: "x" },
  },
};
const STAMPS = {
  namespace: "openstack",
  creationTimestamp: "2026-01-01T00:00:00Z",
  newUid: () => "u",
};
const stored = (text: string) => ({ value: new TextEncoder().encode(text), modRevision: "5" });
/** Lists in lists, deeper than any stack. */
const nest = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

Deno.test("equal values are equal in any order of their keys", () => {
  assert(sameJson({ a: [1, { b: null }], c: "x" }, { c: "x", a: [1, { b: null }] }));
  assert(sameJson({ a: undefined }, {}), "JSON does not show what is undefined");
  const others = [
    { a: [1] },
    { a: [1, 3] },
    { a: { 0: 1, 1: 2 } },
    { a: [1, 2], b: 1 },
    [],
    null,
    1,
  ];
  for (const other of others) assert(!sameJson({ a: [1, 2] }, other), JSON.stringify(other));
  assert(!sameJson({ a: 1 }, Object.create({ a: 1 })), "only own keys count");
});

Deno.test("a value that is nested deeper than the stack is replaced, wherever the nest is", () => {
  for (const depth of [3000, 200_000]) {
    for (
      const text of [
        nest(depth),
        `{"kind":"NetworkPolicy","spec":${nest(depth)}}`,
        `{"metadata":{"uid":${nest(depth)}},"spec":{}}`,
        `{"metadata":{"annotations":${nest(depth)},"more":${nest(depth)}}}`,
      ]
    ) {
      const change = compare(WANT, stored(text), STAMPS);
      assertEquals([change?.action, change?.modRevision], ["update", "5"], text.slice(0, 40));
      const value = JSON.parse(change!.value!);
      assertEquals(value.spec, WANT.resource!.spec);
    }
  }
});

Deno.test("what is nested deeper than the stack at another key is not shown at a new one", () => {
  const resource = { ...WANT.resource!, keep: [{ of: "spec", field: "qosControls" }] as const };
  const elsewhere = (qosControls: string) =>
    stored(`{"metadata":{},"spec":{"qosControls":${qosControls}}}`);
  const created = (qosControls: string) =>
    JSON.parse(compare({ ...WANT, resource }, undefined, STAMPS, elsewhere(qosControls))!.value!);
  assertEquals(created('{"a":1}').spec.qosControls, { a: 1 });
  assertEquals(created(nest(200_000)).spec, WANT.resource!.spec);
});

Deno.test("a subnet's text counts: the Python driver would write again what it prints otherwise", () => {
  const plain = { network_id: "n", cidr: "10.0.0.0/24", dns_servers: ["ü"] };
  const want: Desired = {
    key: "/s",
    kind: "Subnet",
    subject: { type: "subnet", id: "s" },
    resource: null,
    plain,
    group: "subnets",
  };
  const text = '{"network_id": "n", "cidr": "10.0.0.0/24", "dns_servers": ["\\u00fc"]}';
  assertEquals(compare(want, undefined, STAMPS)?.value, text);
  assertEquals(compare(want, stored(text), STAMPS), null);
  const change = compare(want, stored(JSON.stringify(plain)), STAMPS);
  assertEquals([change?.action, change?.value], ["update", text]);
});
