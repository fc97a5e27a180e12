import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import { emptyScope } from "../../../lib/sync/index/backlog.ts";
import { Hints } from "../../../lib/sync/sources/notification.ts";
import { resolveHints } from "../../../lib/sync/sources/resolve_hints.ts";
import { SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import { reconcile } from "../../../lib/sync/sources/named.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { CHANGES, pick } from "../cloud_changes.ts";
import { WEP, withCloud } from "../scene.ts";

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`incremental: ${what}, and etcd is as after a full resync`, () =>
    withCloud(async (scene) => {
      CHANGES["a floating IP is attached"]!(scene);
      CHANGES["a network gets a QoS policy"]!(scene);
      const { index } = await scene.resync();
      // What is drawn may be what is there already.
      for (let i = 0; i < 10 && (await scene.differences()).length === 0; i++) change(scene);
      assert((await scene.differences()).length > 0, "the change shows nowhere");
      index.projectsReadAt = -Infinity; // a minute passes
      await incrementalResync(scene.run(index));
      assertEquals(await scene.differences(), []);
    }));
}

Deno.test("incremental: any sequence of changes ends as a full resync would", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const kinds = Object.values(CHANGES);
    CHANGES["a floating IP is attached"]!(scene);
    for (let round = 0; round < 15; round++) {
      const count = 1 + scene.random.below(8);
      for (let i = 0; i < count; i++) {
        if (scene.cloud.list("floatingips").length === 0) {
          CHANGES["a floating IP is attached"]!(scene);
        }
        scene.random.pick(kinds)(scene);
      }
      index.projectsReadAt = -Infinity; // a minute passes
      await incrementalResync(scene.run(index));
      const left = await scene.differences();
      assertEquals(left.map(({ key, action }) => `${action} ${key}`), [], `round ${round}`);
    }
  }));

Deno.test("incremental: with nothing changed, only ids and revisions are read", () =>
  withCloud(async ({ resync, requests, run }) => {
    const { index } = await resync();
    requests.length = 0;
    assertEquals(await incrementalResync(run(index)), 0);
    for (const { pathname, searchParams } of requests) {
      // A revision does not tell of addresses.
      const fields = pathname.endsWith("/address-groups") ? [] : ["id", "revision_number"];
      assertEquals(searchParams.getAll("fields"), fields);
    }
  }));

Deno.test("incremental: an event that has a collection compared meanwhile does not make it look gone", () =>
  withCloud(async (scene) => {
    const { cloud, deps, term, meddle } = scene;
    const [one] = cloud.list("security_groups");
    for (let i = 0; i < 20; i++) cloud.add("security_groups", { ...one!, id: crypto.randomUUID() });
    const { index } = await scene.resync();
    let pages = 0;
    meddle(async ({ pathname }) => {
      if (!pathname.endsWith("/security-groups") || ++pages !== 3) return;
      // Two pages have come. It begins, and is still at its first page when the incremental resync has seen all.
      const hints = new Hints();
      hints.compare.add("security-groups");
      const run = new SyncRun(deps, { ...term, signal: AbortSignal.abort() }, index);
      await resolveHints(hints, run).catch(() => {});
    }, "side by side");
    const run = scene.run(index);
    assertEquals([await incrementalResync(run), run.guards, pages >= 3], [0, [], true]);
    index.close();
  }));

for (const hidden of ["a port", "a security group"] as const) {
  Deno.test(`incremental: ${hidden} that is held back is asked for again by each run, and read once when it is back`, () =>
    withCloud(async (scene) => {
      const { cloud, requests } = scene;
      CHANGES["a floating IP is attached"]!(scene);
      const { index } = await scene.resync();
      const collection = hidden === "a port" ? "ports" : "security-groups";
      const kind = hidden === "a port" ? "ports" : "security_groups";
      const floating = {
        ...cloud.list("floatingips").find(({ port_id }) => port_id !== null)!,
      };
      const id = hidden === "a port"
        ? String(floating.port_id)
        : (cloud.vmPorts()[0]!.security_groups as string[])[0]!;
      const object = cloud.list(kind).find((it) => it.id === id)!;
      const others = cloud.list(kind).length - 1;
      const hide = () => {
        cloud.remove(kind, id); // a port's floating IP is not its own any more
        Object.assign(cloud.list("floatingips").find((it) => it.id === floating.id)!, floating);
      };
      hide();
      /** Runs; what it held back, how much it counts, and whether it asked for the object. */
      const run = async () => {
        requests.length = 0;
        const run = scene.run(index);
        const count = await incrementalResync(run);
        const held = run.guards.map((guard) => `${guard.collection} ${guard.why} ${guard.names}`);
        const asked = requests.filter(({ pathname, searchParams }) =>
          pathname.endsWith(`/${collection}`) && searchParams.getAll("id").includes(id)
        );
        return { held, count, asks: asked.length > 0 };
      };
      const held = [`${collection} hidden ${id}`];
      assertEquals(await run(), { held, count: 1, asks: true });
      assertEquals([...index.revisions[collection]].length, others, "it is nobody's witness");
      for (let i = 0; i < 2; i++) assertEquals(await run(), { held, count: 0, asks: true });
      cloud.add(kind, object);
      const back = await run();
      assertEquals([back.held, back.asks], [[], true]);
      assertEquals(await run(), { held: [], count: 0, asks: false });
      assertEquals(await scene.differences(), []);
      // What a full resync has held back is asked for by what comes after it, too.
      hide();
      const full = await scene.resync({ previous: index, beside: index });
      assertEquals(full.guards.map(({ why }) => why), ["hidden"]);
      const after = scene.run(full.index);
      assertEquals(await incrementalResync(after), 0);
      assertEquals(after.guards.map(({ names }) => names), [[id]]);
    }));
}

Deno.test("periodic: building on an earlier run finds every change, and damage in etcd", () =>
  withCloud(async (scene) => {
    CHANGES["a floating IP is attached"]!(scene);
    let { index: previous } = await scene.resync();
    const kinds = Object.values(CHANGES);
    for (let round = 0; round < 12; round++) {
      for (let i = scene.random.below(3); i > 0; i--) scene.random.pick(kinds)(scene);
      if (scene.cloud.list("floatingips").length === 0) {
        CHANGES["a floating IP is attached"]!(scene);
      }
      const keys = await scene.etcd.getAll().prefix(WEP).keys();
      if (round % 3 === 0) await scene.etcd.delete().key(scene.random.pick(keys));
      if (round % 3 === 1) await scene.etcd.put(scene.random.pick(keys)).value("{");
      const result = await scene.resync({ previous });
      previous = result.index;
      assertEquals(await scene.differences(), [], `round ${round}`);
      assertEquals(
        [...previous.revisions.ports].sort(),
        [...(await scene.resync()).index.revisions.ports].sort(),
      );
    }
  }));

Deno.test("periodic: when a network is renamed, its ports are compared again and no others", () =>
  withCloud(async (scene) => {
    const { cloud, resync } = scene;
    await resync();
    const { index: previous } = await resync();
    const network = pick(scene, "networks");
    const concerned = cloud.vmPorts().filter((port) => port.network_id === network.id).length;
    assert(concerned > 0 && concerned < 30);
    cloud.change("networks", network.id, { name: "another" });
    const { kinds } = await resync({ previous });
    assertEquals(kinds.WorkloadEndpoint.updated, concerned);
    assertEquals(kinds.WorkloadEndpoint.correct, 30 - concerned);
    assertEquals(await scene.differences(), []);
  }));

Deno.test("periodic: what a narrow run has learnt of a network is not taken for written", () =>
  withCloud(async (scene) => {
    const { cloud, resync } = scene;
    await resync();
    const { index: previous } = await resync();
    const [one] = cloud.vmPorts();
    cloud.change("networks", String(one!.network_id), { name: "another" });
    // An event about one port brings the network's new name along; its other ports show the old one.
    await reconcile(scene.run(previous), { ...emptyScope(), ports: new Set([one!.id]) });
    await resync({ previous });
    assertEquals(await scene.differences(), []);
  }));

Deno.test("periodic: revisions of a backup that was restored since are not believed", () =>
  withCloud(async (scene) => {
    const { etcd, resync } = scene;
    await resync();
    const { index: previous } = await resync();
    const { WorkloadEndpoint: keys } = previous.keys;
    const [damaged, another] = await etcd.getAll().prefix(WEP).keys();
    const { header } = await etcd.put(damaged!).value("{").exec();
    // As if the history that was lost had written the one at this very revision, and the other later.
    keys.right(keys.index.find(damaged!), header.revision);
    keys.right(keys.index.find(another!), String(BigInt(header.revision) + 1n));
    await resync({ previous });
    assertEquals(await scene.differences(), []);
  }));

Deno.test("periodic: with nothing changed, no value is read", () =>
  withCloud(async ({ etcd, resync }) => {
    await resync();
    const { index: previous } = await resync();
    const real = etcd.kv.txn;
    let transactions = 0;
    etcd.kv.txn = (...args) => (transactions++, real.apply(etcd.kv, args));
    const { index: again } = await resync({ previous });
    await resync({ previous: again });
    etcd.kv.txn = real;
    assertEquals(transactions, 0);
  }));

Deno.test("periodic: with nothing changed, nothing is compared again, and all is counted", () =>
  withCloud(async ({ resync }) => {
    await resync();
    const { index: previous, kinds } = await resync();
    const again = await resync({ previous });
    assertEquals(again.kinds.WorkloadEndpoint.correct, kinds.WorkloadEndpoint.correct);
    assertEquals(again.kinds.WorkloadEndpoint.compareMs, 0);
    assertEquals([...again.index.ports.keys()].sort(), [...previous.ports.keys()].sort());
  }));
