import { Buffer } from "node:buffer";
import type { Item } from "../../../lab/model.ts";
import { addVmPort } from "../../../lab/seed.ts";
import { readAnnouncedChanges } from "../../../lib/sync/report/announced_changes.ts";
import { tempDir } from "../../support/temp_dir.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { EventSync } from "../../../lib/sync/sources/events.ts";
import type { EventSyncOptions } from "../../../lib/sync/sources/event_options.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import type { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { assert, assertEquals, assertWithin, eventually } from "../../support/assert.ts";
import { LogRecorder } from "../../support/log_recorder.ts";
import { type Scene, withCloud } from "../scene.ts";

type Payload = Readonly<Record<string, unknown>>;

/** A message as oslo's driver `messagingv2` sends it. */
function message(event_type: string, payload: Payload): Uint8Array {
  const inner = { event_type, payload, timestamp: "2026-11-23 05:07:22.337740", priority: "INFO" };
  return Buffer.from(
    JSON.stringify({ "oslo.version": "2.0", "oslo.message": JSON.stringify(inner) }),
  );
}

interface Listening {
  readonly events: EventSync;
  readonly log: LogRecorder;
  /** Why comparisons were asked for. */
  readonly asked: string[];
  readonly stateDir: string;
  /** Neutron announces something. */
  say(type: string, payload: Payload): void;
  settled(): Promise<void>;
  /** A full resync as the syncer makes one. */
  full(): Promise<void>;
  index(): CloudIndex;
}

/** A cloud that was synced once, and events that are handled. */
async function withEvents(
  play: (scene: Scene, listening: Listening) => Promise<void>,
  size?: { ports: number; hosts: number },
  options: Partial<EventSyncOptions> = {},
): Promise<void> {
  await withCloud(async (scene) => {
    const stop = new AbortController();
    const log = new LogRecorder();
    const asked: string[] = [];
    let index: CloudIndex | null = null;
    await using dir = await tempDir();
    const events = new EventSync({
      base: scene.deps,
      term: { ...scene.term, signal: stop.signal },
      context: { clock: systemClock, log },
      stateDir: dir.path,
      index: () => index,
      compare: (why) => asked.push(why),
      ...options,
    });
    const done = events.run();
    async function full(): Promise<void> {
      events.beginFull();
      const before = index;
      ({ index } = await scene.resync());
      events.endFull(before, index);
    }
    try {
      await full();
      await play(scene, {
        events,
        log,
        asked,
        stateDir: dir.path,
        full,
        index: () => index!,
        say: (type, payload) => events.receive(message(type, payload)),
        async settled() {
          const { passes } = events.record({ queue: null, trouble: null });
          await eventually("the events are handled", () => {
            const now = events.record({ queue: null, trouble: null });
            return now.pending === 0 && now.passes > passes;
          });
        },
      });
    } finally {
      stop.abort(new Error("the test is over"));
      await done;
    }
  }, size);
}

const pick = (scene: Scene, collection: Parameters<Scene["cloud"]["list"]>[0]): Item =>
  scene.random.pick(scene.cloud.list(collection));
const vm = ({ cloud, random }: Scene): Item => random.pick(cloud.vmPorts());

async function nothingDiffers(scene: Scene, when: string): Promise<void> {
  let left: string[] = [];
  await eventually("nothing differs", async () => {
    left = (await scene.differences()).map(({ key, action, value }) => `${action} ${key} ${value}`);
    return left.length === 0;
  }).catch(() => assertEquals(left, [], when));
}

const boundPorts = ({ cloud }: Scene): Item[] =>
  cloud.vmPorts().filter((port) =>
    port["binding:host_id"] && port["binding:vif_type"] !== "unbound"
  );

type Say = Listening["say"];
const changed = (
  scene: Scene,
  say: Say,
  kind: string,
  resource: string,
  item: Item,
  to: Payload,
) => {
  scene.cloud.change(kind as "ports", item.id, to);
  say(`${resource}.update.start`, { [resource]: to, id: item.id });
  say(`${resource}.update.end`, {
    [resource]: scene.cloud.list(kind as "ports").find((i) => i.id === item.id),
  });
};

/** Some of them with a floating IP. */
function newPort({ cloud, random }: Scene, say: Say): Item {
  const port = addVmPort(cloud, random, 5000 + random.below(1_000_000));
  for (const floatingip of cloud.list("floatingips")) {
    if (floatingip.port_id === port.id) say("floatingip.create.end", { floatingip });
  }
  return port;
}

/** What happens, with what Neutron says of it. */
const CHANGES: Record<string, (scene: Scene, say: Say) => void> = {
  "a port comes": (scene, say) => {
    const port = newPort(scene, say);
    say("port.create.end", { port });
  },
  "ports come in one message": (scene, say) => {
    const ports = [1, 2, 3].map(() => newPort(scene, say));
    say("port.create.end", { ports });
  },
  "a port goes": (scene, say) => {
    const port = vm(scene);
    scene.cloud.remove("ports", port.id);
    say("port.delete.start", { port_id: port.id });
    say("port.delete.end", { port, port_id: port.id });
  },
  "a port changes": (scene, say) =>
    changed(scene, say, "ports", "port", vm(scene), { security_groups: [] }),
  "a port migrates": (scene, say) => {
    const migrating_to = scene.random.pick(scene.cloud.hosts);
    changed(scene, say, "ports", "port", vm(scene), { "binding:profile": { migrating_to } });
  },
  "a binding is activated, which is silent, and the old one goes": (scene, say) => {
    const port = scene.random.pick(boundPorts(scene));
    const from = String(port["binding:host_id"]);
    const to = scene.cloud.hosts.find((host) => host !== from)!;
    scene.cloud.change("ports", port.id, { "binding:host_id": to, "binding:profile": {} });
    say("binding.delete.end", {
      binding_id: from,
      binding: { host: from, vif_type: "unbound", status: "INACTIVE" },
    });
  },
  "a port gets a QoS policy": (scene, say) =>
    changed(scene, say, "ports", "port", vm(scene), { qos_policy_id: pick(scene, "policies").id }),
  "a network is renamed": (scene, say) =>
    changed(scene, say, "networks", "network", pick(scene, "networks"), {
      name: `net ${scene.random.below(1e6)}`,
    }),
  "a network gets a QoS policy": (scene, say) =>
    changed(scene, say, "networks", "network", pick(scene, "networks"), {
      qos_policy_id: pick(scene, "policies").id,
    }),
  "a QoS rule changes, and the policy is not named": (scene, say) => {
    const rule = {
      id: scene.random.uuid(),
      type: "bandwidth_limit",
      direction: "egress",
      max_kbps: 1 + scene.random.below(1e6),
      max_burst_kbps: 0,
    };
    scene.cloud.change("policies", pick(scene, "policies").id, { rules: [rule] });
    const { type: _, ...said } = rule;
    say("bandwidth_limit_rule.create.end", { bandwidth_limit_rule: said });
  },
  "a QoS rule goes, and the policy is named": (scene, say) => {
    const policy = pick(scene, "policies");
    scene.cloud.change("policies", policy.id, { rules: [] });
    const rule = { id: scene.random.uuid(), qos_policy_id: policy.id };
    say("packet_rate_limit_rule.delete.end", { packet_rate_limit_rule: rule });
  },
  "a group is renamed": (scene, say) =>
    changed(scene, say, "security_groups", "security_group", pick(scene, "security_groups"), {
      name: `group ${scene.random.below(1e6)}`,
    }),
  "a group's rule goes": (scene, say) => {
    const group = pick(scene, "security_groups");
    scene.cloud.change("security_groups", group.id, { security_group_rules: [] });
    const security_group_rule = { id: scene.random.uuid(), security_group_id: group.id };
    say("security_group_rule.delete.end", { security_group_rule });
  },
  "a gateway changes": (scene, say) =>
    changed(scene, say, "subnets", "subnet", pick(scene, "subnets"), {
      gateway_ip: `10.9.${scene.random.below(256)}.1`,
    }),
  "DHCP is turned off": (scene, say) =>
    changed(scene, say, "subnets", "subnet", pick(scene, "subnets"), { enable_dhcp: false }),
  "a floating IP is attached": (scene, say) => {
    const port = vm(scene);
    const fixed = (port.fixed_ips as { ip_address: string }[])[0]!.ip_address;
    const floatingip = {
      id: scene.random.uuid(),
      port_id: port.id,
      fixed_ip_address: fixed,
      floating_ip_address: `203.0.113.${scene.random.below(256)}`,
    };
    scene.cloud.add("floatingips", floatingip);
    say("floatingip.create.end", { floatingip });
  },
  "a floating IP is moved or detached": (scene, say) =>
    changed(scene, say, "floatingips", "floatingip", pick(scene, "floatingips"), {
      port_id: scene.random.below(2) ? vm(scene).id : null,
    }),
  "a floating IP goes": (scene, say) => {
    const floatingip = pick(scene, "floatingips");
    scene.cloud.remove("floatingips", floatingip.id);
    say("floatingip.delete.end", {
      floatingip_id: floatingip.id,
      floatingip: { ...floatingip, port_id: null },
    });
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`events: ${what}, and etcd is as after a full resync`, () =>
    withEvents(async (scene, { say, settled, events }) => {
      CHANGES["a floating IP is attached"]!(scene, say);
      CHANGES["a network gets a QoS policy"]!(scene, say);
      await settled();
      const changes = () => events.record({ queue: null, trouble: null }).changes;
      const before = changes();
      // What is drawn may be what is there already; else it differs, or has been handled by now.
      const isSeen = async () => (await scene.differences()).length > 0 || changes() > before;
      for (let i = 0; i < 10 && !await isSeen(); i++) change(scene, say);
      await eventually("it shows in etcd", async () => (await scene.differences()).length === 0);
    }));
}

Deno.test("events: any sequence ends as a full resync would, also beside other runs", () =>
  withEvents(async (scene, { say, settled, events, asked, full, index }) => {
    CHANGES["a floating IP is attached"]!(scene, say);
    await settled();
    const kinds = Object.values(CHANGES);
    for (let round = 0; round < 12; round++) {
      const others = round % 3 === 0
        ? incrementalResync(scene.run(index()))
        : round % 3 === 1
        ? full()
        : Promise.resolve();
      for (let i = 1 + scene.random.below(8); i > 0; i--) {
        if (scene.cloud.list("floatingips").length === 0) {
          CHANGES["a floating IP is attached"]!(scene, say);
        }
        scene.random.pick(kinds)(scene, say);
        await systemClock.sleep(scene.random.below(40));
      }
      await others;
      await eventually(
        "nothing waits",
        () => events.record({ queue: "", trouble: "" }).pending === 0,
      );
      await nothingDiffers(scene, `round ${round}`);
    }
    assertEquals(asked, []);
  }));

Deno.test("events: what happens during a full resync is in the index that it leaves", () =>
  withEvents(async (scene, { say, events, full, index }) => {
    const pending = () => events.record({ queue: null, trouble: null }).pending;
    for (let round = 0; round < 3; round++) {
      // That a floating IP loses its port when the port goes is announced by nobody.
      const named = new Set(scene.cloud.list("floatingips").map(({ port_id }) => port_id));
      const [gone, ...others] = scene.cloud.vmPorts().filter(({ id }) => !named.has(id));
      const kept = others.at(-1)!;
      let said = false;
      scene.meddle(async (url) => {
        // The last page of ports is on its way: earlier ones have been read with what goes now.
        if (said || !url.pathname.endsWith("/ports") || !url.searchParams.has("marker")) return;
        said = true;
        scene.meddle(null);
        scene.cloud.remove("ports", gone!.id);
        scene.cloud.change("ports", kept.id, { mac_address: `fa:16:3e:00:00:0${round}` });
        const port = addVmPort(scene.cloud, scene.random, 7000 + round);
        say("port.delete.end", { port: gone, port_id: gone!.id });
        say("port.update.end", { port: kept });
        say("port.create.end", { port });
        setTimeout(() => scene.cloud.remove("ports", port.id), 300);
        setTimeout(() => say("port.delete.end", { port, port_id: port.id }), 310);
        await systemClock.sleep(200);
      });
      await full();
      assert(said, "the full resync had one page only");
      await systemClock.sleep(400);
      await eventually("nothing waits", () => pending() === 0);
      await eventually("nothing differs", async () => (await scene.differences()).length === 0);
      assertEquals(await incrementalResync(scene.run(index())), 0, "nothing is left to do");
    }
  }));

Deno.test("events: a storm collapses, and a port's event costs one request for it", () =>
  withEvents(async (scene, { say, settled, events }) => {
    const [port] = scene.cloud.vmPorts();
    scene.requests.length = 0;
    for (let i = 0; i < 500; i++) say("port.update.end", { port });
    await settled();
    const { passes, received } = events.record({ queue: null, trouble: null });
    assertEquals(received, 500);
    assertEquals(passes, 1);
    assertEquals(scene.requests.map((url) => [url.pathname, url.searchParams.getAll("id")]), [[
      "/v2.0/ports",
      [port!.id],
    ]]);
  }));

Deno.test("events: what concerns nothing in etcd is ignored, nonsense with a warning", () =>
  withEvents(async (scene, { say, events, log }) => {
    scene.requests.length = 0;
    const port = { id: scene.random.uuid(), device_owner: "network:dhcp" };
    say("port.create.end", { port });
    say("port.update.start", { port: {}, id: port.id });
    say("router.interface.create", { router_interface: { port_id: port.id } });
    say("network.create.end", { network: { id: "../../x" } });
    say("network.create.end", { network: 7 });
    say("tag.create.end", { parent_resource: "networks", tags: [] });
    say("binding.create.end", { binding: { host: "h" } });
    events.receive(Buffer.from("{"));
    events.receive(Buffer.from('{"oslo.version":"2.0","oslo.message":"{}"}'));
    // The driver `messaging` sends without an envelope.
    events.receive(Buffer.from(JSON.stringify({ event_type: "port.exists", payload: {} })));
    await systemClock.sleep(150);
    const { received, ignored, pending } = events.record({ queue: null, trouble: null });
    assertEquals([received, ignored, pending], [10, 10, 0]);
    assertEquals(scene.requests, []);
    assertEquals(log.at("warn").length, 1, "once for both");
  }));

Deno.test("events: too many at once are dropped, and all is compared", () =>
  withEvents((scene, { say, asked, events }) => {
    for (let i = 0; i < 60; i++) {
      const ports = Array.from({ length: 100 }, () => ({ id: scene.random.uuid() }));
      say("port.create.end", { ports });
    }
    assertEquals(asked, ["notifications were dropped"]);
    const { overflows, pending } = events.record({ queue: null, trouble: null });
    assertEquals([overflows, pending < 5000], [1, true]);
    return Promise.resolve();
  }));

Deno.test("events: while Neutron fails they wait, and nothing is lost", () =>
  withEvents(async (scene, { say, events }) => {
    const network = pick(scene, "networks");
    let failing = true;
    scene.meddle((url) => failing && url.pathname.endsWith("/ports"));
    CHANGES["a port comes"]!(scene, say);
    changed(scene, say, "networks", "network", network, { name: "renamed in vain" });
    await eventually(
      "it has failed",
      () => events.record({ queue: null, trouble: null }).failures > 0,
    );
    failing = false;
    await eventually("nothing differs", async () => (await scene.differences()).length === 0);
  }));

Deno.test("events: 20 changes a second are in etcd within 300 ms", () =>
  withEvents(async (scene, { say }) => {
    const lags: number[] = [];
    const bound = boundPorts(scene);
    for (let i = 0; i < 40; i++) {
      const port = bound[i % bound.length]!;
      const mac = `fa:16:3e:01:00:${i.toString(16).padStart(2, "0")}`;
      changed(scene, say, "ports", "port", port, { mac_address: mac });
      const at = performance.now();
      const name = port.id.replaceAll("-", "--");
      lags.push(
        await eventually("it shows", async () => {
          const all = await scene.etcd.getAll().prefix("/calico/resources/").strings();
          const shown = Object.entries(all).some(([key, value]) =>
            key.endsWith(name) && value.includes(mac)
          );
          return shown ? performance.now() - at : false;
        }) as unknown as number,
      );
    }
    lags.sort((a, b) => a - b);
    assertWithin(lags[Math.floor(lags.length * 0.95)]!, 300, "p95");
  }));

Deno.test("what was changed as it was announced is kept for traces, the newest of each key", () =>
  withEvents(async (scene, { events, log, say, settled, stateDir }) => {
    const port = boundPorts(scene)[0]!;
    const move = async (mac_address: string) => {
      changed(scene, say, "ports", "port", port, { mac_address });
      await settled();
    };
    await events.publishChanges();
    assertEquals(await readAnnouncedChanges(stateDir), [], "nothing was announced");
    await move("fa:16:3e:00:00:01");
    await move("fa:16:3e:00:00:02");
    await events.publishChanges();
    const kept = (await readAnnouncedChanges(stateDir)).filter(({ subject }) =>
      subject.id === port.id
    );
    assertEquals(kept.map(({ action, subject }) => [action, subject.type]), [["update", "port"]]);
    assert(
      kept[0]!.changes.some(({ after }) => after === "fa:16:3e:00:00:02"),
      JSON.stringify(kept),
    );
    assert(Math.abs(kept[0]!.at - Date.now()) < 60_000);
    // It is written now and then, not with each change.
    await move("fa:16:3e:00:00:03");
    await events.publishChanges();
    assert(!JSON.stringify(await readAnnouncedChanges(stateDir)).includes("fa:16:3e:00:00:03"));
    assertEquals(log.at("warn"), []);
  }));

Deno.test("events go on when the history does not take what was held back", () =>
  withEvents(
    async ({ cloud }, { asked, events, say, settled }) => {
      const all = cloud.list("ports");
      for (const { id } of all) cloud.remove("ports", id);
      events.look(all.map(({ id }) => id)); // nothing is left to vouch for the answer
      await settled();
      await eventually("it is compared", () => asked.includes("what was announced is held back"));
      cloud.add("ports", all[0]!);
      say("port.update.end", { port: { id: all[0]!.id } });
      await settled();
    },
    { ports: 6, hosts: 2 },
    { held: () => Promise.reject(new Error("the disk is full")) },
  ));
