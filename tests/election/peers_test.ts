import { type Etcd3, Range } from "etcd3";
import { conductorPrefix, electionKey } from "../../lib/calico/keys.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { configurationDigests } from "../../lib/config/configuration_digests.ts";
import { ClusterRegistry } from "../../lib/election/cluster.ts";
import { OtherRegions } from "../../lib/election/other_regions.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers of connections beyond the end of its client. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

function configOf(changes: Partial<Config> = {}): Config {
  const openstack = { ...testConfig().openstack, neutronUrl: "http://10.0.0.3:9696" };
  return testConfig({ openstack, ...changes });
}

/** A node of one cloud; `noted`: its supervisor has noted its configuration. */
async function startNode(
  etcd: Etcd3,
  name: string,
  changes: Partial<Config> = {},
  noted = true,
) {
  const config = configOf(changes);
  const dir = await tempDir();
  const store = await StateStore.open(dir.path);
  if (noted) await store.writeConfiguration(configurationDigests(config));
  const log = new LogRecorder();
  const stop = new AbortController();
  const registry = new ClusterRegistry({
    etcd,
    region: config.region,
    id: `${name}:1`,
    node: { name, version: "1", roles: [], since: 1, diagnostics: "x:1", page: null },
    store,
    clock: systemClock,
    log,
  });
  const done = registry.run(stop.signal);
  return {
    store,
    log,
    compared: async () => (await store.readCluster())?.configurations,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
      store[Symbol.dispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

Deno.test(
  "nodes learn of each other's configurations through etcd, also under another region string",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
    const secret = testConfig().openstack.credential!;
    try {
      await using _astray = await startNode(etcd, "node-2", { region: "one" });
      await using _older = await startNode(etcd, "node-3", {}, false);
      await using _other = await startNode(etcd, "node-4", {
        election: { ...testConfig().election, ttlSeconds: 60 },
      });
      const registered = async () =>
        Object.keys(await etcd.getAll().prefix("/calico/openstack/v2/").strings())
          .filter((key) => key.includes("/conductor/nodes/")).length;
      await eventually("all are registered", async () => await registered() === 3);
      await using node = await startNode(etcd, "node-1");
      const compared = await eventually("it has compared", () => node.compared());
      assertEquals(compared.unknown, ["node-3"]);
      assertEquals(
        compared.differing.map(({ node, differences }) => [node, differences.map((d) => d.what)]),
        [["node-4", ["election"]], ["node-2", ["region"]]],
      );
      const written = await etcd.getAll().prefix("/calico/").strings();
      assert("password" in secret && !JSON.stringify(written).includes(secret.password));
      assertEquals(node.log.at("warn"), []);
    } finally {
      etcd.close();
    }
  },
);

Deno.test(
  "whatever others register and the key has held, what is known of the cloud fits into the state file",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
    const wide = "\u0100".repeat(300);
    const { sections } = configurationDigests(configOf());
    const others = Object.fromEntries(Object.keys(sections).map((name) => [name, "none"]));
    try {
      for (let i = 0; i < 120; i++) {
        const configuration = i % 3 === 0
          ? undefined
          : { region: null, cloud: null, sections: i % 3 === 1 ? sections : others };
        const name = `${i}${wide}`;
        const node = { name, version: "1", roles: [], since: 1, diagnostics: wide, configuration };
        await etcd.put(`${conductorPrefix(null)}nodes/${i}`).value(JSON.stringify(node));
        const term = { term: `${i}`, node: wide, id: wide, start: i, end: i, reason: wide };
        await etcd.put(`${conductorPrefix(null)}terms/${String(i).padStart(20, "0")}`)
          .value(JSON.stringify(term));
      }
      // One that is larger than the place for all of them, and comes first.
      const huge = "x".repeat(40_000);
      const node0 = { name: huge, version: huge, roles: [huge], since: 1, diagnostics: huge };
      await etcd.put(`${conductorPrefix(null)}nodes/0`).value(JSON.stringify(node0));
      const newest = { term: "120", node: huge, id: huge, start: 1, end: 2, reason: huge };
      await etcd.put(`${conductorPrefix(null)}terms/${"120".padStart(20, "0")}`)
        .value(JSON.stringify(newest));
      await etcd.put(electionKey(null)).value(wide);
      await using node = await startNode(etcd, "node-1");
      const compared = await eventually("it has compared", () => node.compared());
      for (const list of [compared.same, compared.unknown, compared.differing]) {
        assert(list.length > 2, "some of each");
      }
      assert((await node.store.readCluster())!.terms.length > 5);
      assertEquals(node.log.at("warn"), []);
    } finally {
      etcd.close();
    }
  },
);

Deno.test(
  "a user who may not read other regions does without, and does not ask again",
  GRPC,
  async () => {
    await using server = await startEtcd(["--bcrypt-cost=4"]);
    const root = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
    await root.role("root").create();
    const role = root.role("least");
    await role.create();
    await role.grant({ permission: "Readwrite", range: Range.prefix(conductorPrefix(null)) });
    await (await root.user("root").create("pw")).addRole("root");
    await (await root.user("conductor").create("pw")).addRole("least");
    await root.auth.authEnable();
    root.close();
    const etcd = openEtcd({
      ...testConfig().etcd,
      endpoints: [server.url],
      username: "conductor",
      password: "pw",
    });
    try {
      const others = new OtherRegions(etcd, null, systemClock);
      assertEquals(await others.read(), []);
      server.process.kill("SIGSTOP"); // a call would wait now
      assertEquals(await others.read(), []);
      server.process.kill("SIGCONT");
    } finally {
      etcd.close();
    }
  },
);
