import { Buffer } from "node:buffer";
import { FenceLostError, openEtcd } from "../../lib/etcd/client.ts";
import { fenced, fencedIf } from "../../lib/etcd/fence.ts";
import {
  FencedWriter,
  MAX_OPERATIONS,
  readFenced,
  writeFenced,
} from "../../lib/etcd/fenced_write.ts";
import type { Term } from "../../lib/role/master_context.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";

const ELECTION = "/election";
/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

async function withTerm(
  play: (scene: { etcd: ReturnType<typeof openEtcd>; term: Term }) => Promise<void>,
): Promise<void> {
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  try {
    const { header } = await etcd.put(ELECTION).value("node-1:7").exec();
    const { signal } = new AbortController();
    const term = { term: header.revision, id: "node-1:7", electionKey: ELECTION, signal };
    await play({ etcd, term });
  } finally {
    etcd.close();
  }
}

const put = (n: number) => ({ key: `/x/${n}`, value: "1", modRevision: "0", group: "" });

Deno.test(
  "the fence lets its term through, and as many operations as etcd takes",
  GRPC,
  async () => {
    await withTerm(async ({ etcd, term }) => {
      await etcd.put(ELECTION).value("node-1:7").exec(); // a refresh keeps the create revision
      const operations = Array.from({ length: 2 * MAX_OPERATIONS }, (_, n) => put(n));
      assertEquals(await writeFenced(etcd, term, operations), []);
      const found = await readFenced(etcd, term, operations.map(({ key }) => key));
      assertEquals(found.size, operations.length);
      const revisions = new Set([...found.values()].map(({ modRevision }) => modRevision));
      assertEquals(revisions.size, 2, "each batch is full");
    });
  },
);

for (
  const [what, change] of Object.entries({
    "another create revision, same value": (term: Term) => ({ ...term, term: "1" }),
    "another value, same create revision": (term: Term) => ({ ...term, id: "node-2:7" }),
    "a value that only begins so": (term: Term) => ({ ...term, id: "node-1:70" }),
  })
) {
  Deno.test(`the fence stops ${what}`, GRPC, async () => {
    await withTerm(async ({ etcd, term }) => {
      const other = change(term);
      const refused = await writeFenced(etcd, other, [put(1)]).catch((error) => error);
      assert(refused instanceof FenceLostError && refused.term === other.term, String(refused));
      const unread = await readFenced(etcd, other, [ELECTION]).catch((error) => error);
      assert(unread instanceof FenceLostError, String(unread));
      assertEquals(await etcd.get("/x/1").string(), null);
    });
  });
}

Deno.test(
  "under the fence, a failed compare is a conflict and not the end of the term",
  GRPC,
  async () => {
    await withTerm(async ({ etcd, term }) => {
      const key = Buffer.from("/x/1");
      const absent = { key, result: "Equal", target: "Create", create_revision: "0" } as const;
      const write = () => [{ request_put: { key, value: Buffer.from("1") } }];
      assert((await fencedIf(etcd, term, [absent], write()))?.succeeded);
      assertEquals(await fencedIf(etcd, term, [absent], write()), null);
      const over = { ...term, id: "node-2:7" };
      for (const compare of [[], [absent]]) {
        const lost = await fencedIf(etcd, over, compare, write()).catch((error) => error);
        assert(lost instanceof FenceLostError, String(lost));
      }
      const lost = await fenced(etcd, over, write()).catch((error) => error);
      assert(lost instanceof FenceLostError, String(lost));
      assertEquals((await etcd.get("/x/1").exec()).kvs[0]!.version, "1");
    });
  },
);

Deno.test("an observer reads without leading and cannot write", GRPC, async () => {
  await withTerm(async ({ etcd, term }) => {
    const observer = { ...term, term: "1", id: "nobody:1", observer: true };
    assertEquals((await readFenced(etcd, observer, [ELECTION])).size, 1);
    let refused: unknown = null;
    try {
      new FencedWriter(etcd, observer);
    } catch (error) {
      refused = error;
    }
    assert(refused instanceof TypeError, String(refused));
    assert(await writeFenced(etcd, observer, []).catch((error) => error) instanceof TypeError);
    assertEquals(await etcd.get("/x/1").string(), null);
  });
});
