import { fullResync } from "../../../lib/sync/sources/full.ts";
import type { Step } from "../../../lib/sync/apply/step.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { withCloud } from "../scene.ts";

Deno.test("a run lives while it removes what earlier releases left, however much that is", () =>
  withCloud(async ({ etcd, deps, term }) => {
    const region = { ...deps, region: "R" };
    await fullResync(region, term);
    const keys = (prefix: string) => etcd.getAll().prefix(prefix).keys();
    const [WEP, LEGACY] = [
      "/calico/resources/v3/projectcalico.org/workloadendpoints/",
      "/calico/dhcp/v1/subnet/",
    ];
    for (const key of await keys(`${WEP}openstack-region-R/`)) {
      await etcd.put(key.replace("openstack-region-R", "openstack-R")).value("{}");
    }
    for (let i = 0; i < 40; i++) await etcd.put(`${LEGACY}${i}`).value("{}");
    const steps: Step[] = [];
    await fullResync({ ...region, progress: (step) => steps.push(step) }, term);
    assertEquals(await keys(LEGACY), []);
    assertEquals(await keys(`${WEP}openstack-R/`), []);
    const rest = steps.slice(steps.indexOf("cluster configuration"));
    const count = (step: Step) => rest.filter((each) => each === step).length;
    // Four to a transaction.
    assert(count("cluster configuration") >= 40 / 4, rest.join());
    assert(count("writing") >= 30 / 4, rest.join());
  }));
