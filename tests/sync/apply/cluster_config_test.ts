import { CLUSTER_INFORMATION_KEY, FELIX_CONFIGURATION_KEY } from "../../../lib/calico/keys.ts";
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

Deno.test("configuration that is nested too deeply stays as it is, is named, and stops nothing", () =>
  withCloud(async ({ etcd, deps, term }) => {
    const deep = `{"spec":{"of others":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`;
    await etcd.put(FELIX_CONFIGURATION_KEY).value(deep);
    const { warnings } = await fullResync(deps, term);
    assert(warnings.some((text) => text.includes("too deeply to be completed")), warnings.join());
    assertEquals(await etcd.get(FELIX_CONFIGURATION_KEY).string(), deep);
    assert(await etcd.get(CLUSTER_INFORMATION_KEY).string() !== null);
  }));

Deno.test("an object of the unnamed region whose time is no text counts as new, and stops nothing", () =>
  withCloud(async ({ etcd, deps, term }) => {
    const key = "/calico/resources/v3/projectcalico.org/networkpolicies/openstack/ossg.default.x";
    for (const time of ['{"toString":1}', "[[1]]", "7", "null", '"2"']) {
      await etcd.put(key).value(`{"metadata":{"creationTimestamp":${time}}}`);
      const { warnings } = await fullResync({ ...deps, region: "R" }, term);
      const stays = await etcd.get(key).string() !== null;
      assertEquals(stays, time !== '"2"', time);
      assert(!stays || warnings.some((text) => text.includes("older than a day")), warnings.join());
    }
  }));
