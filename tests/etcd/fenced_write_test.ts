import type { Etcd3, ITxnRequest, ITxnResponse } from "etcd3";
import { writeFenced, type WriteOperation } from "../../lib/etcd/fenced_write.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** Writes them to an etcd that takes all; the most transactions that were in flight at a time, and their sizes. */
async function write(operations: readonly WriteOperation[]) {
  let [inFlight, most] = [0, 0];
  const sizes: number[] = [];
  const txn = async ({ success }: ITxnRequest) => {
    sizes.push(success!.length);
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, 0)); // as long as it takes for all others to be sent
    inFlight--;
    return { succeeded: true } as ITxnResponse;
  };
  const etcd = { kv: { txn } } as unknown as Etcd3;
  const { signal } = new AbortController();
  const term = { term: "1", id: "node-1:1", electionKey: "/election", signal };
  assertEquals(await writeFenced(etcd, term, operations), []);
  assertEquals(sizes.reduce((sum, size) => sum + size, 0), operations.length);
  return { most, sizes };
}

function operations(count: number, bytes: number, group: string): WriteOperation[] {
  const value = "x".repeat(bytes);
  return Array.from(
    { length: count },
    (_, i) => ({ key: `/k/${i}`, value, modRevision: "0", group }),
  );
}

Deno.test("sixteen transactions are in flight while they are small, as those of one group are", async () => {
  const { most, sizes } = await write(operations(200, 300, "subnets"));
  assert(sizes.every((size) => size === 4), sizes.join());
  assertEquals(most, 16);
});

for (const group of ["", "host"]) {
  Deno.test(`no more than four are while they are large, ${group ? "few" : "many"} operations each`, async () => {
    const { most } = await write(operations(1500, group ? 12_000 : 2000, group));
    assertEquals(most, 4);
  });
}
