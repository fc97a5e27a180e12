import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import fc from "fast-check";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type EtcdServer, startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { CompactedError, openEtcd } from "../../lib/etcd/client.ts";
import { readSnapshot, type SnapshotOptions, snapshotPages } from "../../lib/etcd/snapshot.ts";

/** grpc-js keeps timers and sockets of cut streams for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

let server: EtcdServer;
let etcd: Etcd3;
/** What reads cost: requests, keys that etcd counted for them. */
const cost = { requests: 0, counted: 0 };

Deno.test.beforeAll(async () => {
  server = await startEtcd();
  etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  const range = etcd.kv.range.bind(etcd.kv);
  etcd.kv.range = async (request) => {
    const answer = await range(request);
    cost.requests++;
    cost.counted += Number(answer.count);
    return answer;
  };
});

Deno.test.afterAll(async () => {
  etcd.close();
  await server[Symbol.asyncDispose]();
});

/** Puts these keys, each with itself in hexadecimal as value. */
async function put(keys: readonly Buffer[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 100) {
    const success = keys.slice(at, at + 100)
      .map((key) => ({ request_put: { key, value: Buffer.from(key.toString("hex")) } }));
    await etcd.kv.txn({ compare: [], success, failure: [] });
  }
}

let prefixes = 0;
const newPrefix = () => `/snapshot-${prefixes++}/`;

/** Names below a prefix: bytes of any kind, crowds with long common prefixes, counters, gaps. */
const bytes = fc.uint8Array({ maxLength: 6 });
const text = fc.string({ unit: "grapheme", maxLength: 12 }).map((value) => Buffer.from(value));
const counter = fc.nat(99_999).map((n) => Buffer.from(`host-${n}`));
const padded = fc.nat(99_999).map((n) => Buffer.from(`host-${String(n).padStart(5, "0")}-x`));
const crowd = fc.tuple(fc.constantFrom("a", "\u00e9", "zzz", "\u{1f600}"), fc.uuid()).map(
  ([lead, uuid]) => Buffer.from(lead + "the-same-for-everyone/".repeat(4) + uuid),
);
const anyNames = fc.oneof(
  ...[bytes, text, counter, padded, crowd].map((name) =>
    fc.array(name as fc.Arbitrary<Uint8Array>, { maxLength: 120 })
  ),
  fc.array(fc.oneof(bytes, text, counter, padded, crowd) as fc.Arbitrary<Uint8Array>, {
    maxLength: 200,
  }),
);

Deno.test("Every key comes once, in order, as it was, whatever the keys are", GRPC, async () => {
  await fc.assert(
    fc.asyncProperty(anyNames, fc.integer({ min: 1, max: 20 }), async (names, pageSize) => {
      const prefix = newPrefix();
      const texts = [...new Set(names.map((name) => Buffer.from(name).toString("hex")))].sort();
      const keys = texts.map((hex) =>
        Buffer.concat([Buffer.from(prefix), Buffer.from(hex, "hex")])
      );
      await put([...keys, Buffer.from(prefix.slice(0, -1) + "."), Buffer.from(prefix + "\xff")]);
      await etcd.delete().key(prefix + "\xff");
      cost.requests = 0;
      const found: string[] = [];
      const revisions = new Set<string>();
      for await (const page of snapshotPages(etcd, prefix, { pageSize })) {
        assert(page.items.length <= pageSize);
        for (const { value } of page.items) found.push(value.toString());
        revisions.add(page.revision);
        // What happens meanwhile is not seen.
        await etcd.kv.deleteRange({ key: keys.at(-1) ?? Buffer.from(prefix) });
        await etcd.put(`${prefix}host-${cost.requests}new`).value("new");
      }
      assertEquals(found, keys.map((key) => key.toString("hex")));
      assertEquals(revisions.size, 1);
      assert(cost.requests <= 3 * (Math.ceil(keys.length / pageSize) + 1), "floods of requests");
    }),
    { numRuns: 60 },
  );
});

/** Keys as the syncer and Felix write them. */
function endpointKeys(prefix: string, count: number, host: (i: number) => string): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const ids = `${crypto.randomUUID()}-${crypto.randomUUID()}`;
    return Buffer.from(`${prefix}${host(i % (count / 20))}-openstack-${ids}`);
  });
}

const HOSTS: Record<string, (i: number) => string> = {
  "numbered hosts": (i) => `host-${i}`,
  "hosts with numbers of one length": (i) => `host-${String(i).padStart(5, "0")}`,
  "hosts in racks": (i) => `${"abcdef"[i % 6]}-rack${i % 40}-${i}.example`,
  "one host for all": () => "host",
};

for (const [name, host] of Object.entries(HOSTS)) {
  Deno.test(`Reading ${name} costs about as many requests as pages, and no more walks`, {
    ...GRPC,
  }, async () => {
    const [count, pageSize] = [10_000, 100];
    const prefix = newPrefix();
    await put(endpointKeys(prefix, count, host));
    for (const options of [{ keysOnly: true }, {}] satisfies SnapshotOptions[]) {
      Object.assign(cost, { requests: 0, counted: 0 });
      const { items } = await readSnapshot(etcd, prefix, { ...options, pageSize });
      assertEquals(items.length, count);
      assert(cost.requests < 1.3 * count / pageSize, `${cost.requests} requests`);
      // With ranges to the end of the prefix each key is counted 50 times.
      assert(cost.counted < 15 * count, `${cost.counted / count} times counted`);
    }
  });
}

Deno.test("A compaction between two pages is said as such", GRPC, async () => {
  const prefix = newPrefix();
  await put(endpointKeys(prefix, 100, (i) => `host-${i}`));
  const pages = snapshotPages(etcd, prefix, { pageSize: 30 });
  await pages.next();
  await pages.next();
  await put(endpointKeys(prefix, 20, (i) => `host-${i}`));
  const { header } = await etcd.put("/newer").value("").exec();
  await etcd.kv.compact({ revision: header.revision });
  await assertRejects(() => pages.next(), CompactedError);
});
