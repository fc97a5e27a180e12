import { Cloud } from "../../lab/model.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { type Facets, type Held, Sources } from "./facets.ts";
import { judge, missed } from "./judge.ts";

const ENDPOINTS = "/calico/resources/v3/projectcalico.org/workloadendpoints/NAMESPACE/";
const ENDPOINT = `${ENDPOINTS}host-openstack-device-port`;
const ELSEWHERE = `${ENDPOINTS}other-openstack-device-port`;
const POLICY = "/calico/resources/v3/projectcalico.org/networkpolicies/NAMESPACE/ossg.default.g";

const facets = (all: Record<string, string>): Facets => new Map(Object.entries(all));
const held = (all: Record<string, Record<string, string>>): Held =>
  new Map(Object.entries(all).map(([key, of]) => [key, facets(of)]));

const before = held({
  [ENDPOINT]: { value: "1", network: '["net"]', QoS: "null" },
  [POLICY]: { value: "1" },
});
const after = held({
  [ENDPOINT]: { value: "2", network: '["new"]', QoS: '"slow"' },
  [POLICY]: { value: "2" },
});
const truth = { before, after, composed: after, sources: new Sources([new Cloud()]) };

/** What the judge finds wrong. */
const harmOf = (is: Record<string, Record<string, string>>) => judge(held(is), truth).harm;

Deno.test("what was, what is to be, and a mixture by facet are no harm", () => {
  const policy = { [POLICY]: { value: "2" } };
  for (
    const endpoint of [
      { value: "1", network: '["net"]', QoS: "null" },
      { value: "2", network: '["new"]', QoS: '"slow"' },
      { value: "2", network: '["net"]', QoS: "null" },
    ]
  ) {
    assertEquals(harmOf({ [ENDPOINT]: endpoint, ...policy }), []);
  }
});

Deno.test("what is deleted, blanked, made up or of neither is harm", () => {
  const endpoint = { [ENDPOINT]: { value: "1", network: '["net"]', QoS: "null" } };
  const policy = { [POLICY]: { value: "1" } };
  const seen = [
    harmOf(endpoint),
    harmOf({ ...policy, [ENDPOINT]: { value: "1", network: "[]", QoS: "null" } }),
    harmOf({ ...policy, [ENDPOINT]: { value: "1", QoS: "null" } }),
    harmOf({ ...endpoint, ...policy, [`${POLICY}x`]: { value: "1" } }),
    harmOf({ ...endpoint, [POLICY]: { value: "3" } }),
  ];
  const expected = [/is deleted/, /network is \[\]/, /network is gone/, /is made up/, /value is 3/];
  for (const [i, pattern] of expected.entries()) {
    assertEquals(seen[i]!.length, 1);
    assertMatch(seen[i]![0]!, pattern);
  }
});

Deno.test("a port that moves may not lose what it showed, one that is new may show less", () => {
  const moved = held({ [ELSEWHERE]: { value: "2", network: '["new"]' } });
  const some = { ...truth, after: moved, composed: moved };
  const bare = held({ [ELSEWHERE]: { value: "2", network: "[]" } });
  assertEquals(judge(bare, some).harm.length, 1);
  assertEquals(judge(bare, { ...some, before: held({}) }).harm, []);
  const kept = held({ [ELSEWHERE]: { value: "2", network: '["net"]' } });
  assertEquals(judge(kept, some).harm, []);
});

Deno.test("what has not become as in Neutron is missed, unless its object is excused", () => {
  const none = () => false;
  assertEquals(missed(after, truth, none), []);
  assertEquals(missed(before, truth, none).length, 4);
  assertEquals(missed(before, truth, (source) => source === "ports:port").length, 1);
  assertEquals(missed(held({}), truth, (source) => source === "security-groups:g").length, 1);
});
