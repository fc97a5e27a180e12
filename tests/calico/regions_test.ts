import { calicoNamespace, earlierNamespace, regionString } from "../../lib/calico/regions.ts";
import { earlierPrefixes, resourcePrefixes } from "../../lib/calico/keys.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("a region's namespace is openstack- and its region string", () => {
  assertEquals([regionString(null), calicoNamespace(null)], ["no-region", "openstack"]);
  assertEquals([regionString("n"), calicoNamespace("n")], ["region-n", "openstack-region-n"]);
  assertEquals(
    resourcePrefixes("n").WorkloadEndpoint,
    "/calico/resources/v3/projectcalico.org/workloadendpoints/openstack-region-n/",
  );
  assertEquals(resourcePrefixes("n").Subnet, "/calico/dhcp/v2/region-n/subnet/");
});

Deno.test("the earlier namespace is none that another region has today", () => {
  assertEquals(earlierNamespace("n"), "openstack-n");
  assertEquals([earlierNamespace(null), earlierPrefixes(null)], [null, null]);
  assertEquals(calicoNamespace("n"), "openstack-region-n");
  assertEquals(earlierNamespace("region-n"), null, "it would be the namespace of region n");
});
