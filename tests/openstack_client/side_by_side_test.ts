import fc from "fast-check";
import { z } from "zod";
import { OpenstackError } from "../../lib/openstack/http.ts";
import { ListWalk } from "../../lib/openstack/list_walk.ts";
import { type Listing, RecordReader } from "../../lib/openstack/listing.ts";
import { Meter } from "../../lib/metrics/meter.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import type { Page } from "../../lib/openstack/page.ts";
import { revisionSchema } from "../../lib/openstack/records.ts";
import { newShared } from "../../lib/openstack/shared.ts";
import { rangesBetween, SideBySide } from "../../lib/openstack/side_by_side.ts";
import { Walk } from "../../lib/openstack/walk.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { settlePromises } from "../support/fake_clock.ts";
import {
  failure,
  type FakeNeutron,
  type FakeRecord,
  somePorts,
  withNeutron,
} from "./fake_neutron.ts";

const { signal } = new AbortController();
/** One that answers 404 for a marker that is gone, and one that begins anew. */
const PATHS = ["ports", "security-groups"] as const;

type Revised = { id: string; revision_number: number };

function key(path: string): string {
  return path.replaceAll("-", "_");
}

function record(id: string): FakeRecord {
  return { id, revision_number: 1, "binding:host_id": "h" };
}

/** An id for each number, in the same order: evenly spread UUIDs, or such as say nothing of their place. */
function idOf(number: number, uuids: boolean): string {
  if (!uuids) return `p-${String(number).padStart(4, "0")}`;
  const spread = Math.floor((number + 0.5) * (2 ** 32 / 300)).toString(16).padStart(8, "0");
  return `${spread}-0000-4000-8000-000000000000`;
}

async function listCut(scene: FakeNeutron, path: string, cuts: readonly string[]) {
  return await scene.neutron.list(path, revisionSchema, signal, { cuts });
}

function idsOf({ items }: Listing<Revised>): string[] {
  return items.map(({ id }) => id);
}

function sorted(ids: readonly string[]): string[] {
  return ids.toSorted();
}

Deno.test("ranges are between ascending ids, whatever is given", () => {
  assertEquals(rangesBetween([]), [{ from: null, until: null }]);
  assertEquals(rangesBetween(["b", "a", "b", "no id", "c"]), [
    { from: null, until: "b" },
    { from: "b", until: "c" },
    { from: "c", until: null },
  ]);
});

for (const path of PATHS) {
  Deno.test(`${path}: parts are walked side by side, and each object is seen once`, () =>
    withNeutron(async (scene) => {
      scene.cloud[key(path)]!.push(...somePorts(60));
      const cuts = ["p-015", "p-030", "p-045"];
      const found = idsOf(await listCut(scene, path, cuts));
      assertEquals(sorted(found), somePorts(60).map(({ id }) => id));
      const markers = scene.requests.map(({ searchParams }) => searchParams.get("marker"));
      for (const cut of cuts) assert(markers.includes(cut), cut);
      assert(found.indexOf("p-016") < found.indexOf("p-014"), "not one after the other");
    }, { parallel: 4 }));

  Deno.test(`${path}: a part whose marker is gone is walked with the one before it`, () =>
    withNeutron(async (scene) => {
      scene.cloud[key(path)]!.push(...somePorts(60));
      const known = ["p-0145", "p-0295", "p-030", "p-0445", "p-059x"];
      const found = idsOf(await listCut(scene, path, known));
      assertEquals(sorted(found), somePorts(60).map(({ id }) => id));
      // Where all are gone it is one walk, and as many requests that fail as there are cuts.
      scene.requests.length = 0;
      const gone = ["p-0005", "p-0145", "p-0295", "p-0445"];
      assertEquals(sorted(idsOf(await listCut(scene, path, gone))), sorted(found));
      assert(scene.requests.length <= 20 + gone.length + 2, `${scene.requests.length} requests`);
    }, { parallel: 3 }));

  Deno.test(`${path}: records without an id are told, also where it is cut: at most twice there`, () =>
    withNeutron(async (scene) => {
      const all = somePorts(40).map(({ id }) => record(id));
      scene.cloud[key(path)]!.push(...all);
      const lost = ["p-009", "p-010", "p-021", "p-039"];
      scene.spoil = (page) => ({
        ...page,
        records: page.records.map((one) => lost.includes((one as FakeRecord).id) ? null : one),
      });
      for (const cuts of [["p-008", "p-020"], ["p-011", "p-022"], ["p-009", "p-021"], ["p-038"]]) {
        const { items, refused } = await listCut(scene, path, cuts);
        assertEquals(items.length, 36, `${cuts}`);
        // Also one that ends a page begins the next one too.
        assert(refused.length >= 4 && refused.length <= 8, `${refused.length} of ${cuts}`);
        assert(refused.every(({ why }) => /^(a record|record \d+) of .*, after /.test(why)));
      }
    }, { parallel: 2, pageSize: 5 }));
}

Deno.test("parts come over connections of their own, which no worker of Neutron's keeps; one walk over one", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...somePorts(30));
    await listCut(scene, "ports", ["p-010", "p-020"]);
    assertEquals(new Set(scene.cameFrom).size, scene.requests.length);
    scene.cameFrom.length = 0;
    await listCut(scene, "ports", []);
    assertEquals(new Set(scene.cameFrom).size, 1);
  }, { parallel: 3 }));

Deno.test("the last page of a part shows little of the next one, where ids are spread evenly", () =>
  withNeutron(async (scene) => {
    const ids = Array.from({ length: 3000 }, () => crypto.randomUUID()).sort();
    scene.cloud.ports!.push(...ids.map(record));
    let sent = 0;
    scene.spoil = (page) => {
      sent += page.records.length;
      return page;
    };
    const cuts = Array.from({ length: 7 }, (_, i) => ids[Math.floor((i + 1) * 3000 / 8)]!);
    assertEquals(sorted(idsOf(await listCut(scene, "ports", cuts))), ids);
    assert(sent < 3000 * 1.2, `${sent} records for 3,000`);
    assert(scene.requests.length <= 8 * 5, `${scene.requests.length} requests`);
  }, { parallel: 4, pageSize: 150, cap: 1000 }));

Deno.test("ids out of order fail the list, in whichever part, and nothing is left running", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...somePorts(60));
    scene.spoil = (page, url) =>
      url.searchParams.get("marker") === "p-048"
        ? { ...page, records: page.records.toReversed() }
        : page;
    assertMatch(
      await failure(listCut(scene, "ports", ["p-015", "p-030", "p-045"])),
      /order of ids/,
    );
    const { length } = scene.requests;
    await scene.neutron.list("networks", revisionSchema, signal);
    assertEquals([scene.requests.length, scene.neutron.gate.underWay], [length + 1, 0]);
  }, { parallel: 4 }));

Deno.test("a page that fails fails the list at once, however many others are under way", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...somePorts(60));
    scene.meddle = (url) => {
      if (url.searchParams.get("marker") !== "p-030") return;
      return Response.json({ NeutronError: { message: "not today" } }, { status: 400 });
    };
    assertMatch(await failure(listCut(scene, "ports", ["p-015", "p-030", "p-045"])), /not today/);
    assertEquals(scene.neutron.gate.underWay, 0);
  }, { parallel: 4 }));

Deno.test("whoever stops in the middle leaves nothing running, and slow work holds the walks up", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...somePorts(90));
    const cuts = ["p-030", "p-060"];
    const pages = scene.neutron.pages("ports", revisionSchema, signal, { cuts });
    for (let taken = 1; taken <= 4; taken++) {
      await pages.next();
      await new Promise((resolve) => setTimeout(resolve, 50));
      // One page of each walk that waits, and those that were taken.
      assert(scene.requests.length <= taken + 3, `${scene.requests.length} after ${taken}`);
    }
    await pages.return(undefined);
    assertEquals(scene.neutron.gate.underWay, 0);
  }, { parallel: 3 }));

Deno.test("each record comes with when its page was asked for, also when pages wait for being taken", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...somePorts(30));
    const asked = new Map<unknown, number>();
    const known = (record: unknown, askedAt: number) => {
      asked.set((record as { id: string }).id, askedAt);
      return true;
    };
    const query = { cuts: ["p-015"], known };
    const pages = scene.neutron.pages("ports", revisionSchema, signal, query);
    const from = Date.now();
    await pages.next();
    const taken = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const resumed = Date.now();
    while (!(await pages.next()).done);
    assertEquals(asked.size, 30);
    const [first, last] = [asked.get("p-000")!, asked.get("p-029")!];
    assert(from <= first && first <= taken && resumed <= last, `${first - from}, ${last - from}`);
  }, { parallel: 2 }));

Deno.test("all clients of one configuration go through one gate, which counts", () =>
  withNeutron(async ({ neutron }) => {
    const meter = new Meter();
    const other = new NeutronClient(
      neutron.config,
      neutron.auth,
      undefined,
      newShared(neutron.config, meter),
    );
    assert(other.gate === neutron.gate && neutron.urgent.gate === neutron.gate);
    assert(newShared({ ...neutron.config }).gate !== neutron.gate);
    await neutron.list("ports", revisionSchema, signal);
    assertEquals(meter.read().neutron_requests_under_way?.[0]?.sum, 1);
  }));

Deno.test("an abort ends all walks with its reason", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...somePorts(60));
    const abort = new AbortController();
    const reason = new Error("the term has ended");
    scene.meddle = (_, count) => {
      if (count === 4) abort.abort(reason);
    };
    const query = { cuts: ["p-015", "p-030", "p-045"] };
    const list = scene.neutron.list("ports", revisionSchema, abort.signal, query);
    assertEquals(await list.catch((error) => error), reason);
    assertEquals(scene.neutron.gate.underWay, 0);
  }, { parallel: 4 }));

Deno.test("without paging, sorting or a second request at a time nothing is cut", async () => {
  const list = async (scene: FakeNeutron) => {
    scene.cloud.ports!.push(...somePorts(20));
    await scene.neutron.askExtensions(signal);
    assertEquals(idsOf(await listCut(scene, "ports", ["p-010"])).length, 20);
    const markers = scene.requests.map(({ searchParams }) => searchParams.get("marker"));
    assert(!markers.includes("p-010"));
  };
  await withNeutron(list, { aliases: ["binding", "sorting"] });
  await withNeutron(list, { aliases: ["binding", "pagination"] });
  await withNeutron(list, { parallel: 1 });
});

Deno.test("a list that changes while parts of it are walked has what was there all the time exactly once", async () => {
  const change = fc.record({
    what: fc.constantFrom("delete", "delete the marker", "create"),
    number: fc.nat(299),
  });
  const scenario = fc.record({
    uuids: fc.boolean(),
    numbers: fc.uniqueArray(fc.nat(299), { maxLength: 90 }),
    cuts: fc.uniqueArray(fc.nat(299), { maxLength: 12 }),
    pageSize: fc.integer({ min: 1, max: 25 }),
    cap: fc.oneof(fc.integer({ min: 1, max: 25 }), fc.constant(1000)),
    path: fc.constantFrom(...PATHS),
    parallel: fc.integer({ min: 2, max: 6 }),
    linksLost: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
    damaged: fc.uniqueArray(fc.nat(299), { maxLength: 4 }),
    changes: fc.array(fc.option(change, { freq: 2 }), { maxLength: 40 }),
  });
  let complete = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ uuids, path, pageSize, cap, parallel, ...drawn }) => {
      await withNeutron(async (scene) => {
        const name = key(path);
        const at = (number: number) => idOf(number, uuids);
        const start = drawn.numbers.map(at).sort();
        scene.cloud[name] = start.map(record);
        const cuts = drawn.cuts.map(at).sort();
        const [steady, ever] = [new Set(start), new Set(start)];
        const toCome = [...drawn.changes];
        scene.meddle = (url) => {
          const next = toCome.shift();
          if (!next) return;
          const marker = url.searchParams.get("marker");
          const id = next.what === "delete the marker" && marker ? marker : at(next.number);
          const others = scene.cloud[name]!.filter((each) => each.id !== id);
          steady.delete(id);
          if (next.what === "create") {
            others.push(record(id));
            ever.add(id);
          }
          scene.cloud[name] = others.sort((a, b) => a.id < b.id ? -1 : 1);
        };
        const damaged = new Set(drawn.damaged.map(at));
        scene.spoil = ({ records, links }) => ({
          records: records.map((one) => {
            const { id } = one as FakeRecord;
            return damaged.has(id) ? { id } : one;
          }),
          // A server that caps pages and hides that there are more tells nobody.
          links: drawn.linksLost[scene.requests.length % drawn.linksLost.length]
            ? undefined
            : links,
        });
        const list = await listCut(scene, path, cuts).catch((error) => error as Error);
        if (list instanceof Error) {
          assertMatch(list.message, /no end|answered 404/);
          return;
        }
        complete++;
        const found = [...idsOf(list), ...list.refused.map(({ id }) => id)];
        assertEquals(new Set(found).size, found.length, "each once");
        for (const id of steady) assert(found.includes(id), `${id} is missing`);
        for (const id of found) assert(ever.has(id), `${id} was never there`);
        for (const { id } of list.refused) assert(damaged.has(id), `${id} is refused`);
        if (drawn.changes.some((each) => each !== null)) return;
        const one = await scene.neutron.list(path, revisionSchema, signal);
        assertEquals(sorted(idsOf(list)), idsOf(one), "as one walk has it");
      }, { pageSize, cap, parallel });
    }),
    { numRuns: 400 },
  );
  assert(complete > 380, `${complete} of 400 lists were complete`);
});

Deno.test("a part that is lost while the one before it ends is walked with that one", async () => {
  const [cut, all] = ["c", ["a", "b", "d", "e"]];
  const [taken, extended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  /** Tells that it has ended only when another part was added to it meanwhile. */
  class Ending extends ListWalk<{ id: string }> {
    override async next(signal: AbortSignal): Promise<Listing<{ id: string }> | null> {
      const page = await super.next(signal);
      if (page === null) await extended.promise;
      return page;
    }
    override extend(until: string | null): void {
      super.extend(until);
      extended.resolve();
    }
  }
  const read = async ({ marker }: Walk): Promise<Page> => {
    if (marker === cut) {
      await taken.promise;
      await settlePromises();
      throw new OpenstackError("the marker is gone", 404);
    }
    const ids = all.filter((id) => id > (marker ?? ""));
    return { records: ids.map((id) => ({ id })), next: "no" };
  };
  const schema = z.object({ id: z.string() });
  const lists = rangesBetween([cut]).map((range, i) => {
    const reader = new RecordReader({ schema, url: "u", required: [], from: range.from });
    const options = { walk: new Walk("ports", 10, range), reader, now: () => 0, read };
    return i === 0 ? new Ending(options) : new ListWalk(options);
  });
  const found: string[] = [];
  for await (const { items } of new SideBySide(lists, 2).pages(signal)) {
    found.push(...items.map(({ id }) => id));
    taken.resolve();
  }
  assertEquals(found, all);
});

Deno.test("a page that has come just when nobody reads on ends like all others", async () => {
  const last = Promise.withResolvers<Listing<Revised>>();
  const page: Listing<Revised> = { items: [{ id: "a", revision_number: 1 }], refused: [] };
  const walk = (next: () => Promise<Listing<Revised> | null>) =>
    ({ next, done: false, isLost: false }) as unknown as ListWalk<Revised>;
  const lists = [walk(() => Promise.resolve(page)), walk(() => last.promise)];
  const pages = new SideBySide(lists, 2).pages(signal);
  assertEquals((await pages.next()).value, page);
  const ended = pages.return(undefined);
  last.resolve(page);
  let timer;
  const late = new Promise((resolve) => timer = setTimeout(() => resolve("it hangs"), 5000));
  assertEquals(await Promise.race([ended, late]), { done: true, value: undefined });
  clearTimeout(timer);
});
