import { compareConfigurations } from "../../lib/election/compare_configurations.ts";
import type { ConfigurationRecord, Registration } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

const configuration: ConfigurationRecord = {
  region: null,
  cloud: "c1",
  sections: { keystone: "aa", sync: "bb", bus: "none" },
};
const own = { name: "node-1", version: "1.0.0", configuration };
function node(
  name: string,
  changes: Partial<ConfigurationRecord> | null = {},
  version = "1.0.0",
): Registration {
  return {
    name,
    version,
    roles: [],
    since: 1,
    diagnostics: "x:1",
    page: null,
    configuration: changes === null ? undefined : { ...configuration, ...changes },
  };
}

Deno.test("what differs is named, with both values where they are told", () => {
  const nodes = [
    node("node-1"),
    node("node-2"),
    node("node-3", { sections: { keystone: "none", sync: "xx", bus: "dd" } }, "1.1.0"),
  ];
  const { same, unknown, differing } = compareConfigurations(own, nodes, []);
  assertEquals([same, unknown], [["node-2"], []]);
  assertEquals(differing, [{
    node: "node-3",
    differences: [
      { what: "version", here: "1.0.0", there: "1.1.0" },
      { what: "keystone", here: null, there: "none" },
      { what: "sync", here: null, there: null },
      { what: "bus", here: "none", there: null },
    ],
  }]);
});

Deno.test("a node that does not say is not known, nor is a section that it does not have", () => {
  const older = node("node-2", null, "0.9.0");
  const { unknown, differing } = compareConfigurations(own, [older], []);
  assertEquals([unknown, differing], [["node-2"], []]);
  const fewer = node("node-3", { sections: { keystone: "aa" } });
  assertEquals(compareConfigurations(own, [fewer], []).same, ["node-3"]);
});

Deno.test("another region string is a difference where the Neutron is the same, else another region", () => {
  const elsewhere = [
    node("node-2", { region: "one" }),
    node("node-3", { region: "two", cloud: "c2" }),
    node("node-4", { region: "three", cloud: null }),
    node("node-5", null),
    node("node-1", { region: "one" }), // left of this node's last start
  ];
  const { same, unknown, differing } = compareConfigurations(own, [node("node-1")], elsewhere);
  assertEquals([same, unknown], [[], []]);
  assertEquals(differing.map(({ node }) => node), ["node-2"]);
  assertEquals(differing[0]!.differences, [{ what: "region", here: "none", there: "one" }]);
  const unsure = { ...own, configuration: { ...configuration, cloud: null } };
  assertEquals(compareConfigurations(unsure, [], elsewhere).differing, []);
});
