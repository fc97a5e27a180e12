import { Buffer } from "node:buffer";
import type { Item } from "../../../lab/model.ts";
import { addVmPort } from "../../../lab/seed.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import type { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { EventSync } from "../../../lib/sync/sources/events.ts";
import { fullResync } from "../../../lib/sync/sources/full.ts";
import { assert, assertEquals, eventually } from "../../support/assert.ts";
import { LogRecorder } from "../../support/log_recorder.ts";
import { tempDir } from "../../support/temp_dir.ts";
import { type Scene, WEP, withCloud } from "../scene.ts";

type Payload = Readonly<Record<string, unknown>>;

interface Early {
  readonly events: EventSync;
  readonly log: LogRecorder;
  say(type: string, payload: Payload): void;
  /** A full resync as the syncer makes its first one. */
  full(): Promise<void>;
  /** All keys and values below `/calico/`. */
  stored(): Promise<Record<string, string>>;
}

/** A cloud that an earlier term has synced, and a new term that has compared nothing yet. */
async function withNewTerm(
  play: (scene: Scene, early: Early) => Promise<void>,
  isReady = true,
): Promise<void> {
  await withCloud(async (scene) => {
    (await scene.resync()).index.close();
    const stop = new AbortController();
    const log = new LogRecorder();
    const term = { ...scene.term, signal: stop.signal };
    let index: CloudIndex | null = null;
    await using dir = await tempDir();
    const events = new EventSync({
      base: scene.deps,
      term,
      context: { clock: systemClock, log },
      stateDir: dir.path,
      index: () => index,
      compare: () => {},
    });
    const early: Early = {
      events,
      log,
      say(event_type, payload) {
        const inner = JSON.stringify({ event_type, payload });
        const message = { "oslo.version": "2.0", "oslo.message": inner };
        events.receive(Buffer.from(JSON.stringify(message)));
      },
      async full() {
        const before = index;
        events.beginFull();
        let made: CloudIndex | null = null;
        try {
          const beside = before ?? events.early ?? undefined;
          ({ index: made } = await fullResync(scene.deps, term, { beside }));
          index = made;
        } finally {
          events.endFull(before, made);
        }
      },
      stored: () => scene.etcd.getAll().prefix("/calico/").strings(),
    };
    const done = events.run();
    try {
      if (isReady) {
        await eventually(
          "the keys are looked through",
          () =>
            scene.requests.filter(({ pathname }) => pathname.endsWith("/extensions")).length > 0,
        );
      }
      await play(scene, early);
    } finally {
      stop.abort(new Error("the test is over"));
      await done;
    }
  });
}

const bound = ({ cloud }: Scene): Item =>
  cloud.vmPorts().find((port) =>
    port["binding:host_id"] && port["binding:vif_type"] !== "unbound"
  )!;
const item = ({ cloud }: Scene, kind: "ports", id: string): Item =>
  cloud.list(kind).find((it) => it.id === id)!;
const nameOf = (id: string): string => id.replaceAll("-", "--");

/** Changes an object and announces it. */
function change(
  scene: Scene,
  { say }: Early,
  kind: string,
  resource: string,
  id: string,
  to: Payload,
) {
  scene.cloud.change(kind as "ports", id, to);
  say(`${resource}.update.end`, { [resource]: item(scene, kind as "ports", id) });
}

/** What happens, as Neutron announces it, and needs nothing of a full resync. */
const AT_ONCE: Record<string, (scene: Scene, early: Early) => void> = {
  "a port comes": ({ cloud, random }, { say }) => {
    say("port.create.end", { port: addVmPort(cloud, random, 5000) });
  },
  "a port changes": (scene, early) =>
    change(scene, early, "ports", "port", bound(scene).id, { mac_address: "fa:16:3e:00:00:07" }),
  "a port moves to another host": (scene, early) => {
    const port = bound(scene);
    const to = scene.cloud.hosts.find((host) => host !== port["binding:host_id"])!;
    const binding = { "binding:host_id": to, "binding:profile": {} };
    change(scene, early, "ports", "port", port.id, binding);
  },
  "a port goes": ({ cloud, ...scene }, { say }) => {
    const port = bound({ cloud, ...scene });
    for (const { id, port_id } of cloud.list("floatingips")) {
      if (port_id === port.id) cloud.change("floatingips", id, { port_id: null });
    }
    cloud.remove("ports", port.id);
    say("port.delete.end", { port_id: port.id });
  },
  "a binding is activated, and only the old one's end is told": (scene, { say }) => {
    const port = bound(scene);
    const from = String(port["binding:host_id"]);
    const to = scene.cloud.hosts.find((host) => host !== from)!;
    scene.cloud.change("ports", port.id, { "binding:host_id": to, "binding:profile": {} });
    say("binding.delete.end", { binding_id: from, binding: { host: from } });
  },
  "a group's rules change": ({ cloud }, { say }) => {
    const group = cloud.list("security_groups").find((it) =>
      (it.security_group_rules as unknown[]).length > 0
    )!;
    cloud.change("security_groups", group.id, { security_group_rules: [] });
    say("security_group_rule.delete.end", {
      security_group_rule: { id: crypto.randomUUID(), security_group_id: group.id },
    });
  },
  "a network is renamed, and its ports show it": (scene, early) =>
    change(scene, early, "networks", "network", String(bound(scene).network_id), { name: "new" }),
  "a gateway changes, and the subnet's ports show it": (scene, early) => {
    const [{ subnet_id }] = bound(scene).fixed_ips as [{ subnet_id: string }];
    change(scene, early, "subnets", "subnet", subnet_id, { gateway_ip: "10.9.9.1" });
  },
  "a port gets a QoS policy": (scene, early) => {
    const [policy] = scene.cloud.list("policies");
    change(scene, early, "ports", "port", bound(scene).id, { qos_policy_id: policy!.id });
  },
  "a floating IP comes": (scene, { say }) => {
    const port = bound(scene);
    const [{ ip_address }] = port.fixed_ips as [{ ip_address: string }];
    const floatingip = {
      id: crypto.randomUUID(),
      port_id: port.id,
      fixed_ip_address: ip_address,
      floating_ip_address: "203.0.113.250",
    };
    scene.cloud.add("floatingips", floatingip);
    say("floatingip.create.end", { floatingip });
  },
};

for (const [what, happens] of Object.entries(AT_ONCE)) {
  Deno.test(`before a term's first full resync: ${what}, and etcd is as after it`, () =>
    withNewTerm(async (scene, early) => {
      happens(scene, early);
      const counted = () => early.events.record({ queue: "", trouble: "" });
      await eventually(
        "it has made a difference, and nothing differs any more",
        async () => counted().changes > 0 && (await scene.differences()).length === 0,
      );
      const { passes, early: isEarly } = counted();
      assert(passes > 0 && isEarly, "it is counted, and is said to be early");
      assertEquals(early.log.at("warn"), []);
      await early.full();
      assertEquals(early.events.record({ queue: "", trouble: "" }).early, false);
      assertEquals(await scene.differences(), []);
    }));
}

Deno.test("before it: what cannot be known yet changes nothing, and is made equal at its end", () =>
  withNewTerm(async (scene, early) => {
    const { cloud } = scene;
    // The full resync has read floating IPs and networks when these change.
    const ports = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    scene.meddle(async (url) => {
      if (!url.pathname.endsWith("/ports") || url.searchParams.has("id")) return;
      if (url.searchParams.has("marker")) return;
      scene.meddle(null);
      ports.resolve();
      await going.promise;
    });
    const full = early.full();
    await ports.promise;
    const before = await early.stored();
    const attached = cloud.list("floatingips").find(({ port_id }) => port_id !== null)!;
    change(scene, early, "floatingips", "floatingip", attached.id, { port_id: null });
    const [policy] = cloud.list("policies");
    cloud.change("policies", policy!.id, { rules: [] });
    early.say("packet_rate_limit_rule.delete.end", { packet_rate_limit_rule: { id: "x" } });
    going.resolve();
    await full;
    assert(Object.keys(before).length > 0);
    await eventually("nothing differs", async () => (await scene.differences()).length === 0);
    assertEquals(early.log.at("warn"), []);
  }));

for (const order of ["before", "after"] as const) {
  for (const handled of ["first", "last"] as const) {
    const what = `a port changes ${order} the running first full resync has read it`;
    Deno.test(`${what}, and the event is handled ${handled}`, () =>
      withNewTerm(async (scene, early) => {
        const port = bound(scene);
        const mac = "fa:16:3e:00:00:08";
        const isPage = (url: URL) =>
          url.pathname.endsWith("/ports") && url.searchParams.getAll("id").length === 0 &&
          (order === "before") !== url.searchParams.has("marker");
        const isEvents = (url: URL) =>
          url.pathname.endsWith("/ports") && url.searchParams.getAll("id").includes(port.id);
        let isChanged = false;
        const full = Promise.withResolvers<void>();
        scene.meddle(async (url) => {
          if (isEvents(url) && handled === "last") await full.promise;
          if (isChanged || !isPage(url)) return;
          isChanged = true;
          change(scene, early, "ports", "port", port.id, { mac_address: mac });
          if (handled === "last") return;
          const passes = () => early.events.record({ queue: "", trouble: null }).passes;
          await eventually("it is handled", () => passes() > 0);
        }, "side by side");
        await early.full().finally(() => full.resolve());
        assert(isChanged);
        await eventually("nothing differs", async () => (await scene.differences()).length === 0);
        const shown = Object.entries(await early.stored()).filter(([key]) =>
          key.startsWith(WEP) && key.endsWith(nameOf(port.id))
        );
        assertEquals(shown.map(([, value]) => value.includes(mac)), [true]);
      }));
  }
}

Deno.test("a first full resync that fails does not stop events", () =>
  withNewTerm(async (scene, early) => {
    let failing = true;
    scene.meddle(({ pathname, searchParams }) =>
      pathname.endsWith("/networks") && failing && !searchParams.has("id")
    );
    await early.full().then(() => assert(false, "it should fail"), () => {});
    change(scene, early, "ports", "port", bound(scene).id, { mac_address: "fa:16:3e:00:00:09" });
    await eventually(
      "it is in etcd",
      async () => JSON.stringify(await early.stored()).includes("fa:16:3e:00:00:09"),
    );
    failing = false;
    await early.full();
    assertEquals(await scene.differences(), []);
  }));

Deno.test("ports to be looked at are read without a notification", () =>
  withNewTerm(async (scene, { events, stored }) => {
    const { id } = bound(scene);
    scene.cloud.change("ports", id, { mac_address: "fa:16:3e:00:00:0a" });
    events.look([id]);
    await eventually(
      "it is in etcd",
      async () => JSON.stringify(await stored()).includes("fa:16:3e:00:00:0a"),
    );
  }));

Deno.test("Neutron that does not tell its extensions at first: events wait, and are not lost", () =>
  withNewTerm(async (scene, early) => {
    let refused = 0;
    scene.meddle(({ pathname }) => pathname.endsWith("/extensions") && ++refused < 2);
    change(scene, early, "ports", "port", bound(scene).id, { mac_address: "fa:16:3e:00:00:0b" });
    await eventually(
      "it is in etcd",
      async () => JSON.stringify(await early.stored()).includes("fa:16:3e:00:00:0b"),
    );
  }, false));
