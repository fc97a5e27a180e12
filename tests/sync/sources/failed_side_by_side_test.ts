/** What a run leaves under way when something that it reads side by side fails. @module */
import type { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { emptyScope } from "../../../lib/sync/index/backlog.ts";
import { applyChanges, noChanges } from "../../../lib/sync/sources/changes.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import { reconcile } from "../../../lib/sync/sources/named.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { type Scene, withCloud } from "../scene.ts";

/** How runs come to ask for several collections, one of which is refused while another does not answer. */
const RUNS: Record<string, {
  readonly refused: string;
  readonly silent: string;
  run(scene: Scene, index: CloudIndex): Promise<unknown>;
}> = {
  "an incremental resync": {
    refused: "/address-groups",
    silent: "/networks",
    run: (scene, index) => incrementalResync(scene.run(index)),
  },
  "a look at named objects": {
    refused: "/security-groups",
    silent: "/ports",
    run: (scene, index) =>
      reconcile(scene.run(index), {
        ...emptyScope(),
        ports: new Set([scene.cloud.vmPorts()[0]!.id]),
        groups: new Set([scene.cloud.list("security_groups")[0]!.id]),
      }),
  },
  "what named ports show": {
    refused: "/floatingips",
    silent: "/networks",
    run: (scene, index) =>
      reconcile(scene.run(index), {
        ...emptyScope(),
        ports: new Set([scene.cloud.vmPorts()[0]!.id]),
      }),
  },
  "what has changed": {
    refused: "/subnets",
    silent: "/networks",
    run: (scene, index) => {
      const changed = noChanges(index.table);
      changed.networks.add(scene.cloud.list("networks")[0]!.id);
      changed.subnets.add(scene.cloud.list("subnets")[0]!.id);
      return applyChanges(scene.run(index), changed);
    },
  },
};

for (const [what, { refused, silent, run }] of Object.entries(RUNS)) {
  Deno.test(`${what} that fails leaves nothing under way`, () =>
    withCloud(async (scene) => {
      const { index } = await scene.resync();
      const { gate } = scene.deps.neutron;
      gate.pace.limit = gate.most;
      const asked = Promise.withResolvers<void>();
      const over = Promise.withResolvers<void>();
      let begun = 0;
      scene.meddle(async ({ pathname }): Promise<Response | void> => {
        if (pathname.endsWith(refused)) {
          await asked.promise; // so that both are under way
          return new Response("{}", { status: 403 });
        }
        if (pathname.endsWith(silent)) {
          begun++;
          asked.resolve();
          await over.promise;
        }
      }, "side by side");
      const error = await assertRejects(() => run(scene, index), Error);
      const left = gate.underWay;
      over.resolve();
      assert(error.message.includes("403"), error.message);
      assertEquals([left, begun], [0, 1]);
      index.close();
    }));
}
