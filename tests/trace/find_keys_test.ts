import { Range } from "etcd3";
import { endpointName, resourcePrefixes } from "../../lib/calico/keys.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { findKeys, KeysFound } from "../../lib/trace/find_keys.ts";
import { readQuery } from "../../lib/trace/query.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";

// grpc-js keeps timers of connections and tokens beyond the end of its client.
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const PORT = "11111111-2222-3333-4444-555555555555";
const ROOT = { username: "root", password: "root-pw" };

Deno.test(
  "a user that may read no other namespace than its own looks through that alone",
  GRPC,
  async () => {
    await using server = await startEtcd(["--bcrypt-cost=4"]);
    const config = { ...testConfig().etcd, endpoints: [server.url] };
    const etcd = openEtcd(config);
    const root = openEtcd({ ...config, ...ROOT });
    const user = openEtcd({ ...config, username: "conductor", password: "pw" });
    try {
      const { WorkloadEndpoint, LiveMigration } = resourcePrefixes(null);
      const name = endpointName("host-1", "vm-1", PORT);
      const foreign = WorkloadEndpoint.replace("/openstack/", "/openstack-region-x/") + name;
      for (const key of [WorkloadEndpoint + name, LiveMigration + name, foreign]) {
        await etcd.put(key).value("{}");
      }
      await etcd.put(WorkloadEndpoint + "of-another-kind").value("{}");
      const search = async (client: typeof etcd, text: string, ports: string[] = []) => {
        const found = new KeysFound();
        const query = readQuery(text)!;
        const { signal } = new AbortController();
        await findKeys(client, { region: null, query, ports: new Set(ports) }, found, signal);
        assert(found.isWhole);
        return found;
      };
      for (const text of ["host-1", "vm-1", PORT]) {
        const { keys, seesOthers } = await search(etcd, text);
        assertEquals(seesOthers, true);
        assertEquals(keys.map(({ port, isOwn }) => [port, isOwn]), [
          [PORT, true],
          [PORT, false],
          [PORT, true],
        ], text);
      }
      assertEquals((await search(etcd, "host")).keys, []);
      assertEquals((await search(etcd, "10.0.0.1", [PORT])).keys.length, 3);
      const many = Array.from({ length: 300 }, (_, i) => `another-${i}`);
      assertEquals((await search(etcd, "10.0.0.1", [...many, PORT])).keys.length, 3);
      assertEquals((await search(etcd, "host-1", many)).keys.length, 3);

      await etcd.role("root").create();
      await (await etcd.user(ROOT.username).create(ROOT.password)).addRole("root");
      const role = etcd.role("conductor");
      await role.create();
      for (const prefix of [WorkloadEndpoint, LiveMigration]) {
        await role.grant({ permission: "Read", range: Range.prefix(prefix) });
      }
      await (await etcd.user("conductor").create("pw")).addRole("conductor");
      await etcd.auth.authEnable();
      const own = await search(user, PORT);
      assertEquals(own.seesOthers, false);
      assertEquals(own.keys.map(({ isOwn }) => isOwn), [true, true]);
      assertEquals((await search(root, PORT)).keys.length, 3);
    } finally {
      for (const client of [etcd, root, user]) client.close();
    }
  },
);
