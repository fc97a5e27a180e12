import { Buffer } from "node:buffer";
import type { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { newWork } from "../../../lib/sync/index/backlog.ts";
import { Round } from "../../../lib/sync/rounds/round.ts";
import { type ResyncDeps, type SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import { applyChanges, noChanges } from "../../../lib/sync/sources/changes.ts";
import { endpointName, policyOrSubnetKey, resourcePrefixes } from "../../../lib/calico/keys.ts";
import { addVmPort } from "../../../lab/seed.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { CHANGES, pick } from "../cloud_changes.ts";
import { POLICY, type Scene, WEP, withCloud } from "../scene.ts";

/** Everything that a round has come upon. */
async function goRound(
  { deps, term }: Scene,
  index: CloudIndex,
  { whole = false, between = () => Promise.resolve(), own = {} }: {
    whole?: boolean;
    between?: (round: Round) => Promise<unknown>;
    own?: Partial<ResyncDeps>;
  } = {},
): Promise<{ runs: SyncRun[]; round: Round }> {
  const round = new Round({ index, neutron: deps.neutron, whole });
  const runs: SyncRun[] = [];
  while (!round.ended) {
    runs.push(await round.slice({ ...deps, ...own }, term));
    await between(round);
  }
  return { runs, round };
}

const changesOf = (runs: readonly SyncRun[]) =>
  runs.flatMap(({ kinds }) => Object.values(kinds))
    .reduce((sum, { created, updated, deleted }) => sum + created + updated + deleted, 0);
const guardsOf = (runs: readonly SyncRun[]) =>
  runs.flatMap(({ guards }) => guards.map(({ collection, why }) => `${collection} ${why}`));

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`round: ${what} and nobody tells, and after one round etcd is as after a full resync`, () =>
    withCloud(async (scene) => {
      CHANGES["a floating IP is attached"]!(scene);
      CHANGES["a network gets a QoS policy"]!(scene);
      const { index } = await scene.resync();
      for (let i = 0; i < 10 && (await scene.differences()).length === 0; i++) change(scene);
      assert((await scene.differences()).length > 0, "the change shows nowhere");
      index.projectsReadAt = -Infinity; // a minute passes
      await goRound(scene, index);
      assertEquals(await scene.differences(), []);
    }));
}

Deno.test("round: changes go on while rounds go on, and after a last one all is as after a full resync", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const kinds = Object.values(CHANGES);
    const change = () => {
      if (scene.cloud.list("floatingips").length === 0) {
        CHANGES["a floating IP is attached"]!(scene);
      }
      scene.random.pick(kinds)(scene);
    };
    for (let turn = 0; turn < 12; turn++) {
      const between = async () => {
        if (scene.random.below(2)) change();
        // Some of it is announced.
        const port = scene.random.pick(scene.cloud.vmPorts()).id;
        if (scene.random.below(4) > 0) return;
        scene.cloud.remove("ports", port);
        const changed = noChanges(index.table);
        changed.ports.add(port);
        await applyChanges(scene.run(index, { announced: new Set([port]) }), changed);
      };
      await goRound(scene, index, { whole: turn % 3 === 2, between });
      while (scene.cloud.vmPorts().length < 20) CHANGES["a port comes"]!(scene);
      index.projectsReadAt = -Infinity; // a minute passes
      await goRound(scene, index);
      const left = await scene.differences();
      assertEquals(left.map(({ key, action }) => `${action} ${key}`), [], `turn ${turn}`);
      const { index: fresh } = await scene.resync();
      const keysIn = ({ ports }: CloudIndex) =>
        [...ports.keys()].map(([id, keys]) => [id, ...new Set(keys)].join(" ")).sort();
      assertEquals(keysIn(index), keysIn(fresh));
      assertEquals([...index.revisions.ports].sort(), [...fresh.revisions.ports].sort());
    }
  }));

Deno.test("round: with nothing changed it reads ids and revisions, writes nothing and looks at nothing", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    scene.requests.length = 0;
    const { runs, round } = await goRound(scene, index);
    assertEquals([changesOf(runs), guardsOf(runs)], [0, []]);
    assertEquals(round.compared, round.total);
    for (const { pathname, searchParams } of scene.requests) {
      const fields = pathname.endsWith("/address-groups") ? [] : ["id", "revision_number"];
      assertEquals(searchParams.getAll("fields"), fields);
      assertEquals(searchParams.getAll("id"), []);
    }
    scene.requests.length = 0;
    assertEquals(changesOf((await goRound(scene, index, { whole: true })).runs), 0);
    for (const { searchParams } of scene.requests) assertEquals(searchParams.getAll("id"), []);
  }));

Deno.test("round: a port that is announced or deleted meanwhile does not look gone, nor comes back", () =>
  withCloud(async (scene) => {
    const { cloud, random, deps, term } = scene;
    const { index } = await scene.resync();
    const round = new Round({ index, neutron: deps.neutron, whole: false });
    const tell = async (port: string, deleted = false) => {
      const changed = noChanges(index.table);
      changed.ports.add(port);
      const options = deleted ? { announced: new Set([port]) } : {};
      await applyChanges(scene.run(index, options), changed);
    };
    const runs: SyncRun[] = [];
    while (round.place !== "end") {
      runs.push(await round.slice(deps, term));
      if (round.place !== "ports") continue;
      // Ports before and behind where the walk is.
      const [first, last] = [cloud.vmPorts()[0]!, cloud.vmPorts().at(-1)!];
      for (const { id } of [first, last]) {
        cloud.remove("ports", id);
        await tell(id, true);
      }
    }
    const before = new Set(cloud.vmPorts().map(({ id }) => id));
    for (let i = 0; i < 5; i++) addVmPort(cloud, random, 9000 + i);
    for (const { id } of cloud.vmPorts()) if (!before.has(id)) await tell(id);
    scene.requests.length = 0;
    runs.push(await round.slice(deps, term));
    assert(round.ended);
    assertEquals([changesOf(runs), guardsOf(runs)], [0, []]);
    assertEquals(scene.requests, [], "nothing is looked at again");
    assertEquals(await scene.differences(), []);
  }));

Deno.test("round: a mass loss is held back as by one run, however many slices show it", () =>
  withCloud(async (scene) => {
    const { cloud, etcd } = scene;
    const { index } = await scene.resync();
    const before = await etcd.getAll().prefix(WEP).keys();
    const ports = cloud.vmPorts();
    // Not listed any more, and listed but no VM's any more, with another revision or the same.
    for (const { id } of ports.slice(0, 60)) cloud.remove("ports", id);
    for (const { id } of ports.slice(60, 90)) cloud.change("ports", id, { device_owner: "" });
    for (const port of ports.slice(90, 120)) port.device_owner = "";
    const { runs } = await goRound(scene, index, { whole: true });
    assertEquals(guardsOf(runs).filter((guard) => guard.startsWith("ports")), ["ports many"]);
    assertEquals((await etcd.getAll().prefix(WEP).keys()).length, before.length);
    assertEquals(changesOf(runs), 0);
    // What a run may delete, a round may delete.
    for (const port of ports.slice(60, 120)) {
      cloud.change("ports", port.id, { device_owner: "compute:nova" });
    }
    await goRound(scene, index, { whole: true });
    assertEquals(await scene.differences(), []);
  }, { ports: 150, hosts: 3 }));

Deno.test("round: Neutron is down in the middle, and it goes on where it was", () =>
  withCloud(async (scene) => {
    const { deps, term, cloud } = scene;
    const { index } = await scene.resync();
    cloud.remove("ports", cloud.vmPorts()[3]!.id);
    cloud.change("ports", cloud.vmPorts().at(-1)!.id, { security_groups: [] });
    for (const whole of [false, true]) {
      const round = new Round({ index, neutron: deps.neutron, whole });
      let pages = 0;
      let failing = false;
      const seen: (string | null)[] = [];
      scene.meddle((url) => {
        if (!url.pathname.endsWith("/ports") || url.searchParams.has("id")) return;
        if (++pages === 3) failing = true;
        if (!failing) seen.push(url.searchParams.get("marker"));
        return failing;
      });
      while (round.place !== "ports") await round.slice(deps, term);
      for (let i = 0; i < 3; i++) await assertRejects(() => round.slice(deps, term), Error);
      failing = false;
      scene.meddle((url) => {
        const isPage = url.pathname.endsWith("/ports") && !url.searchParams.has("id");
        if (isPage && !url.searchParams.has("floating_ip_address")) {
          seen.push(url.searchParams.get("marker"));
        }
      });
      while (!round.ended) await round.slice(deps, term);
      scene.meddle(null);
      assertEquals(new Set(seen).size, seen.length, "no page is asked for twice");
      assertEquals(await scene.differences(), []);
    }
  }));

Deno.test("round: etcd cannot be read or written in the middle, and nothing that was found is lost", () =>
  withCloud(async (scene) => {
    const { deps, term, cloud, etcd } = scene;
    const { index } = await scene.resync();
    const [one, other] = await etcd.getAll().prefix(WEP).keys();
    for (const whole of [false, true]) {
      cloud.change("ports", cloud.vmPorts()[7]!.id, { security_groups: [] });
      if (whole) await etcd.delete().key(one!);
      if (whole) await etcd.put(other!).value("{");
      const round = new Round({ index, neutron: deps.neutron, whole });
      while (round.place !== "ports") await round.slice(deps, term);
      const real = etcd.kv.txn;
      etcd.kv.txn = () => Promise.reject(new Error("no etcd"));
      for (let i = 0; i < 3; i++) await assertRejects(() => round.slice(deps, term), Error);
      etcd.kv.txn = real;
      while (!round.ended) await round.slice(deps, term);
      assertEquals(await scene.differences(), []);
    }
  }));

Deno.test("round: etcd cannot be read, and what Neutron says of its ports is passed on all the same", () =>
  withCloud(async (scene) => {
    const { deps, term, cloud, etcd } = scene;
    const { index } = await scene.resync();
    const round = new Round({ index, neutron: deps.neutron, whole: true });
    const seen = new Set<string>();
    let ends = 0;
    const own: ResyncDeps = {
      ...deps,
      onPorts: (ports) => ports.forEach(({ id }) => seen.add(id)),
      onPortsEnd: () => ends++,
    };
    while (round.place !== "ports") await round.slice(own, term);
    const { txn, range } = etcd.kv;
    etcd.kv.txn = () => Promise.reject(new Error("no etcd"));
    etcd.kv.range = () => Promise.reject(new Error("no etcd"));
    await assertRejects(() => round.slice(own, term), Error);
    Object.assign(etcd.kv, { txn, range });
    while (!round.ended) await round.slice(own, term);
    const all = cloud.list("ports").map(({ id }) => id as string);
    assertEquals([[...seen].sort(), ends], [all.sort(), 1]);
  }));

Deno.test("round: the term's end ends it, and nothing more is written", () =>
  withCloud(async (scene) => {
    const { deps, cloud, etcd } = scene;
    const { index } = await scene.resync();
    cloud.change("ports", cloud.vmPorts()[0]!.id, { security_groups: [] });
    const stop = new AbortController();
    const round = new Round({ index, neutron: deps.neutron, whole: false });
    const term = { ...scene.term, signal: stop.signal };
    const before = await etcd.getAll().prefix("/calico/").strings();
    scene.meddle((url) => {
      if (url.searchParams.has("id")) stop.abort(new Error("the term is over"));
    });
    const all = async () => {
      while (!round.ended) await round.slice(deps, term);
    };
    await assertRejects(all, Error);
    assertEquals(await etcd.getAll().prefix("/calico/").strings(), before);
  }));

Deno.test("round: a whole one repairs what others wrote, and removes what nothing explains", () =>
  withCloud(async (scene) => {
    const { etcd, cloud, random } = scene;
    const { index } = await scene.resync();
    const [one, two] = await etcd.getAll().prefix(WEP).keys();
    await etcd.put(one!).value("{");
    await etcd.delete().key(two!);
    const [policy, other] = await etcd.getAll().prefix(POLICY).keys();
    await etcd.put(policy!).value("{}");
    await etcd.delete().key(other!);
    // A port that there is, on another host; one that there is not, and a group likewise.
    const { id, device_id } = cloud.vmPorts()[5]!;
    await etcd.put(WEP + endpointName("elsewhere", String(device_id), id)).value("{}");
    const [nobody, nothing] = [random.uuid(), random.uuid()];
    await etcd.put(WEP + endpointName("elsewhere", nothing, nobody)).value("{}");
    await etcd.put(policyOrSubnetKey(resourcePrefixes(null), "NetworkPolicy", nobody)).value("{}");
    await etcd.put(policyOrSubnetKey(resourcePrefixes(null), "Subnet", nobody)).value("{}");
    assertEquals((await scene.differences()).length, 8);
    const quick = await goRound(scene, index);
    assertEquals(changesOf(quick.runs), 0, "ids and revisions do not tell of it");
    const { runs } = await goRound(scene, index, { whole: true });
    assertEquals([changesOf(runs), guardsOf(runs)], [8, []]);
    assertEquals(await scene.differences(), []);
  }));

Deno.test("round: keys that are no text are left to a full resync", () =>
  withCloud(async (scene) => {
    const { etcd } = scene;
    const { index } = await scene.resync();
    const [one] = await etcd.getAll().prefix(WEP).keys();
    const bytes = Buffer.concat([Buffer.from(one!), Buffer.from([0xff])]);
    await etcd.put(bytes).value("{}");
    assert((await goRound(scene, index, { whole: true })).round.needsFull);
  }));

Deno.test("round: what could not be done before is in the backlog, and is done", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const port = scene.cloud.vmPorts()[0]!;
    port.security_groups = [];
    index.addToBacklog(newWork({ ports: [port.id] }));
    scene.cloud.change("networks", pick(scene, "networks").id, { name: "another" });
    await goRound(scene, index);
    assertEquals(await scene.differences(), []);
  }));

Deno.test("round: whoever wants to know hears how each port is, quick or whole", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const [faulty] = scene.cloud.vmPorts();
    faulty!.data_plane_status = "DOWN";
    const all = scene.cloud.list("ports").map((port) => ({
      id: port.id,
      status: port.status,
      host: port["binding:host_id"] ?? "",
      isFaulty: port.id === faulty!.id ? true : null,
    }));
    for (const whole of [false, true]) {
      const heard: unknown[] = [];
      const ends: number[] = [];
      const from = Date.now();
      await goRound(scene, index, {
        whole,
        own: {
          onPorts: (seen, askedAt) => {
            assert(askedAt >= from && askedAt <= Date.now());
            heard.push(...seen);
          },
          onPortsEnd: (startedAt) => void ends.push(startedAt),
        },
      });
      const byId = (a: unknown, b: unknown) =>
        (a as { id: string }).id < (b as { id: string }).id ? -1 : 1;
      assertEquals(heard.toSorted(byId), all.toSorted(byId) as unknown[]);
      assert(ends.length === 1 && ends[0]! >= from);
    }
  }));
