import { Buffer } from "node:buffer";
import { openEtcd } from "../../lib/etcd/client.ts";
import { fence, readFence } from "../../lib/etcd/fence.ts";
import { outcomeOf } from "../../lib/etcd/transaction_outcome.ts";
import { assertEquals } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers and sockets for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const TERM = { electionKey: "/election", id: "node-1:7" };

async function withEtcd(
  play: (etcd: ReturnType<typeof openEtcd>, term: string) => Promise<void>,
): Promise<void> {
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  try {
    const { header } = await etcd.put(TERM.electionKey).value(TERM.id).exec();
    await etcd.put("/x/gone").value("1").exec();
    await play(etcd, header.revision);
  } finally {
    etcd.close();
  }
}

/** Creates one key and deletes another, under the fence. */
async function transaction(etcd: ReturnType<typeof openEtcd>, term: string) {
  const [made, gone] = ["/x/made", "/x/gone"].map((key) => Buffer.from(key)) as [Buffer, Buffer];
  const { kvs } = await etcd.get("/x/gone").exec();
  return {
    compare: [
      ...fence({ ...TERM, term }),
      { key: made, result: "Equal" as const, target: "Mod" as const, mod_revision: "0" },
      {
        key: gone,
        result: "Equal" as const,
        target: "Mod" as const,
        mod_revision: kvs[0]!.mod_revision,
      },
    ],
    success: [
      { request_put: { key: made, value: Buffer.from("new") } },
      { request_delete_range: { key: gone } },
    ],
    failure: [readFence({ ...TERM, term })],
  };
}

for (
  const [what, between, happened] of [
    ["and nothing else happens, it has happened", null, true],
    ["and another writes its key, it is as if it had not", "/x/made", false],
    ["and another creates what it deleted, it is as if it had not", "/x/gone", false],
    ["and the term is over, it is refused", TERM.electionKey, false],
  ] as const
) {
  Deno.test(`a transaction is sent twice: ${what}`, GRPC, async () => {
    await withEtcd(async (etcd, term) => {
      const request = await transaction(etcd, term);
      const first = await etcd.kv.txn(request);
      assertEquals(first.succeeded, true);
      if (between) await etcd.delete().key(between);
      if (between) await etcd.put(between).value("another").exec();
      const second = await etcd.kv.txn(request);
      assertEquals(second.succeeded, false);
      const outcome = await outcomeOf(request, second, (again) => etcd.kv.txn(again));
      assertEquals(outcome.succeeded, happened);
      if (happened) assertEquals(outcome.header.revision, first.header.revision);
      else assertEquals(outcome, second);
    });
  });
}
