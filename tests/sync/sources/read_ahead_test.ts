import type { Listing } from "../../../lib/openstack/listing.ts";
import type { SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import { ReadAhead } from "../../../lib/sync/sources/read_ahead.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const run = {
  term: { signal: new AbortController().signal },
  deps: { progress() {} },
  timed: (_kind: string, _phase: string, act: () => Promise<unknown>) => act(),
} as unknown as SyncRun;

/** Pages of one item each, of which the one that is not there yet comes never, but for its signal. */
function scene(ready: number, onPage: (page: Listing<number>) => void = () => {}) {
  const seen = { asked: 0, ended: false };
  const pages = new ReadAhead<number>(run, {
    kind: "WorkloadEndpoint",
    async *open(signal) {
      try {
        for (let i = 0;; i++) {
          seen.asked++;
          if (i === ready) {
            await new Promise((_, reject) =>
              signal.addEventListener("abort", () => reject(signal.reason), { once: true })
            );
          }
          yield { items: [i], refused: [] };
        }
      } finally {
        seen.ended = true;
      }
    },
    onPage,
  });
  return { pages, seen };
}

Deno.test("a page is on its way before the first is taken, and who takes none leaves nothing running", async () => {
  const { pages, seen } = scene(0);
  assertEquals(seen.asked, 1);
  await pages.return();
  assertEquals(seen, { asked: 1, ended: true });
});

Deno.test("who stops in the middle does not wait for the page that is on its way", async () => {
  const { pages, seen } = scene(2);
  const items: number[][] = [];
  for await (const page of pages) {
    items.push(page);
    if (items.length === 2) break;
  }
  assertEquals([items, seen], [[[0], [1]], { asked: 3, ended: true }]);
});

Deno.test("a page that cannot be dealt with ends it", async () => {
  const { pages, seen } = scene(2, () => {
    throw new Error("not this one");
  });
  const { message } = await assertRejects(() => pages.next(), Error);
  assertEquals(message, "not this one");
  assertEquals(seen.ended, true);
});
