import type { Etcd3 } from "etcd3";
import { EtcdElectionStore } from "../../lib/election/etcd_election_store.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { Proxy } from "../faults/proxy.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const LEGACY = "/calico/openstack/v1/neutron_election";
const VALUE = "node-1:7";
const LONG_MS = 60_000;

interface Scene {
  readonly etcd: Etcd3;
  /** Straight to etcd. */
  readonly near: EtcdElectionStore;
  /** Through a proxy, the same process's as it were. */
  readonly far: EtcdElectionStore;
  readonly proxy: Proxy;
  readonly key: string;
  grant(): Promise<string>;
}

async function scene(play: (scene: Scene) => Promise<void>): Promise<void> {
  await using server = await startEtcd();
  await using proxy = new Proxy(Number(new URL(server.url).port));
  const open = (url: string) => {
    const config = testConfig({ etcd: { ...testConfig().etcd, endpoints: [url] } });
    const etcd = openEtcd(config.etcd);
    return { etcd, store: new EtcdElectionStore(etcd, config) };
  };
  const [near, far] = [open(server.url), open(`http://127.0.0.1:${proxy.port}`)];
  try {
    await play({
      etcd: near.etcd,
      near: near.store,
      far: far.store,
      proxy,
      key: near.store.key,
      grant: () => near.store.grant(60, LONG_MS),
    });
  } finally {
    near.etcd.close();
    far.etcd.close();
  }
}

/** The legacy key appears behind the election key, best effort. */
const legacySettled = (etcd: Etcd3, value: string | null) =>
  eventually("the legacy key", async () => await etcd.get(LEGACY).string() === value || null);

Deno.test(
  "a release that is held up in the network does not delete the same process's next term",
  GRPC,
  async () => {
    await scene(async ({ near, far, proxy, key, etcd, grant }) => {
      const lease = await grant();
      const term = (await far.create(VALUE, lease, LONG_MS))!;
      const held = { value: VALUE, lease, term };
      await legacySettled(etcd, VALUE);
      proxy.mode = "drop";
      const late = far.release(held, LONG_MS);
      assert(await near.release(held, LONG_MS));
      const next = { value: VALUE, lease: await grant(), term: "" };
      next.term = (await near.create(VALUE, next.lease, LONG_MS))!;
      await eventually("its legacy key", async () => {
        return (await etcd.get(LEGACY).exec()).kvs[0]?.lease === next.lease;
      });
      proxy.mode = "pass";
      assertEquals(await late, false);
      await far.get(LONG_MS); // behind whatever was sent beside the release
      const [found] = (await etcd.get(key).exec()).kvs;
      assertEquals([found?.value.toString(), found?.create_revision], [VALUE, next.term]);
      assertEquals(await etcd.get(LEGACY).string(), VALUE, "nor its legacy key");
      assert(await near.refresh(next, LONG_MS));
    });
  },
);

Deno.test(
  "a deletion that is held up concerns the key as it was judged, and no other",
  GRPC,
  async () => {
    await scene(async ({ near, far, proxy, key, etcd, grant }) => {
      const lease = await grant();
      const term = (await near.create(VALUE, lease, LONG_MS))!;
      await far.get(LONG_MS);
      proxy.mode = "drop";
      const late = far.deleteAt(term, LONG_MS);
      assert(await near.refresh({ value: VALUE, lease, term }, LONG_MS), "it lives");
      proxy.mode = "pass";
      assertEquals(await late, false);
      const { modRevision } = (await near.get(LONG_MS))!;
      assert(await far.deleteAt(modRevision, LONG_MS));
      assertEquals(await etcd.get(key).string(), null);
    });
  },
);

Deno.test("a refresh and a release need create revision and value", GRPC, async () => {
  await scene(async ({ near, etcd, key, grant }) => {
    const lease = await grant();
    const term = (await near.create(VALUE, lease, LONG_MS))!;
    for (
      const other of [
        { value: VALUE, lease, term: String(Number(term) - 1) },
        { value: "node-2:7", lease, term },
      ]
    ) {
      assertEquals(await near.refresh(other, LONG_MS), false);
      assertEquals(await near.release(other, LONG_MS), false);
    }
    assertEquals(await etcd.get(key).string(), VALUE);
    assertEquals(await near.create("node-2:7", lease, LONG_MS), null);
    assert(await near.release({ value: VALUE, lease, term }, LONG_MS));
  });
});

Deno.test(
  "the legacy key is written while the term lasts, and not by a late put",
  GRPC,
  async () => {
    await scene(async ({ near, etcd, grant }) => {
      const [gate, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const slow: Pick<Etcd3["kv"], "txn"> = {
        async txn(request, options) {
          const legacy = request.success?.some(({ request_put: put }) => `${put?.key}` === LEGACY);
          if (legacy) await gate.promise;
          const answer = await etcd.kv.txn(request, legacy ? undefined : options);
          if (legacy) done.resolve();
          return answer;
        },
      };
      const far = new EtcdElectionStore({ kv: slow } as Etcd3, testConfig());
      const held = { value: VALUE, lease: await grant(), term: "" };
      held.term = (await far.create(VALUE, held.lease, LONG_MS))!;
      assert(await near.release(held, LONG_MS));
      const next = { value: "node-2:9", lease: await grant(), term: "" };
      next.term = (await near.create(next.value, next.lease, LONG_MS))!;
      await legacySettled(etcd, next.value);
      gate.resolve();
      await done.promise;
      assertEquals(await etcd.get(LEGACY).string(), next.value);
    });
  },
);

Deno.test("a legacy key of another value or lease is left alone", GRPC, async () => {
  await scene(async ({ near, etcd, grant }) => {
    for (const value of [VALUE, "node-2:9"]) {
      await etcd.delete().key(LEGACY); // so that what settles is this term's
      const held = { value: VALUE, lease: await grant(), term: "" };
      held.term = (await near.create(VALUE, held.lease, LONG_MS))!;
      await legacySettled(etcd, VALUE);
      await etcd.put(LEGACY).value(value).lease(value === VALUE ? await grant() : held.lease);
      assert(await near.release(held, LONG_MS));
      await near.get(LONG_MS);
      assertEquals(await etcd.get(LEGACY).string(), value);
    }
  });
});
