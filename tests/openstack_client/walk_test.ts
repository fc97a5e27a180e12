import fc from "fast-check";
import { revisionSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  ALL_EXTENSIONS,
  failure,
  type FakeNeutron,
  type FakeRecord,
  type SentPage,
  somePorts as ports,
  withNeutron,
} from "./fake_neutron.ts";

const { signal } = new AbortController();
const idsOf = (records: readonly { id: string }[]) => records.map(({ id }) => id);
const list = async ({ neutron }: FakeNeutron, path = "ports") =>
  idsOf((await neutron.list(path, revisionSchema, signal)).items);
const markers = ({ requests }: FakeNeutron) =>
  requests.map((url) => url.searchParams.get("marker"));
const some = (count: number): FakeRecord[] =>
  ports(count).map(({ id }) => ({ id: id.replace("p", "s"), revision_number: 1 }));

for (const count of [0, 3, 7, 9]) {
  for (const cap of [1000, 2]) {
    Deno.test(`${count} ports in pages of 3, the server's cap is ${cap}`, () =>
      withNeutron(async (scene) => {
        scene.cloud.ports!.push(...ports(count));
        assertEquals(await list(scene), idsOf(ports(count)));
        const pages = Math.floor(count / Math.min(cap, 3)) + 1;
        assertEquals(scene.requests.length, pages, "not one more than it takes");
      }, { cap }));
  }
}

const DAMAGED_LINKS: Record<string, (page: SentPage) => unknown> = {
  "missing": () => undefined,
  "null": () => null,
  "an object": () => ({ next: "x" }),
  "a list of nothing": () => [],
  "without rel": () => [{ href: "x" }],
  "null inside": () => [null],
  "previous only": () => [{ rel: "previous", href: "x" }],
};
for (const [what, links] of Object.entries(DAMAGED_LINKS)) {
  Deno.test(`a full page whose links are ${what} is no end`, () =>
    withNeutron(async (scene) => {
      scene.cloud.ports!.push(...ports(9));
      scene.spoil = (page) => ({ ...page, links: links(page) });
      assertEquals(await list(scene), idsOf(ports(9)));
    }));
}

Deno.test("a page that is not full and has no links at all is no end: the server may cap pages", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(9));
    scene.spoil = (page) => ({ ...page, links: undefined });
    assertEquals(await list(scene), idsOf(ports(9)));
    assertEquals(markers(scene), [null, "p-001", "p-003", "p-005", "p-007", "p-008"]);
  }, { cap: 2 }));

Deno.test("once a server has shown its cap, a page of so many is full, whatever its links say", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(9));
    scene.spoil = (page, url) =>
      url.searchParams.has("marker") ? { ...page, links: [{ rel: "previous" }] } : page;
    assertEquals(await list(scene), idsOf(ports(9)));
  }, { cap: 2 }));

Deno.test("without the extension pagination the one answer is all there is, in any order, each once", () =>
  withNeutron(async (scene) => {
    await scene.neutron.askExtensions(signal);
    scene.cloud.ports!.push(...ports(9).reverse(), ports(9)[4]!);
    scene.spoil = (page) => ({ ...page, links: undefined });
    scene.requests.length = 0;
    assertEquals(await list(scene), idsOf(ports(9).reverse()));
    assertEquals(scene.requests.length, 1);
    assertEquals(scene.requests[0]!.search, "");
  }, { aliases: ALL_EXTENSIONS.filter((alias) => alias !== "pagination") }));

Deno.test("the order is asked for", () =>
  withNeutron(async (scene) => {
    await list(scene);
    assertMatch(scene.requests[0]!.search, /limit=3&sort_key=id&sort_dir=asc/);
  }));

Deno.test("a marker that is deleted costs a step back, not the whole walk", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(12));
    scene.meddle = (url) => {
      // The object of the second marker, and the one before it, go while their page is read.
      if (url.searchParams.get("marker") === "p-005" && scene.cloud.ports!.length === 12) {
        scene.cloud.ports!.splice(4, 2);
      }
    };
    assertEquals(await list(scene), idsOf(ports(12)));
    assertEquals(markers(scene), [null, "p-002", "p-005", "p-004", "p-003", "p-008", "p-011"]);
  }));

Deno.test("subnets begin anew after a deleted marker: noticed, and a step back too", () =>
  withNeutron(async (scene) => {
    scene.cloud.subnets!.push(...some(12));
    scene.meddle = (url) => {
      if (url.searchParams.get("marker") === "s-005" && scene.cloud.subnets!.length === 12) {
        scene.cloud.subnets!.splice(4, 2);
      }
    };
    assertEquals(await list(scene, "subnets"), idsOf(some(12)));
    assertEquals(markers(scene), [null, "s-002", "s-005", "s-004", "s-003", "s-008", "s-011"]);
  }));

for (const [path, records] of [["ports", ports(6)], ["subnets", some(6)]] as const) {
  Deno.test(`when all that was seen of ${path} is gone the walk starts anew; what is new meanwhile is left out`, () =>
    withNeutron(async (scene) => {
      scene.cloud[path]!.push(...records);
      const { id } = records[2]!;
      scene.meddle = (url) => {
        if (url.searchParams.get("marker") === id && scene.cloud[path]!.length === 6) {
          scene.cloud[path]!.splice(0, 3, { id: "a", revision_number: 1 });
        }
      };
      assertEquals(await list(scene, path), idsOf(records));
    }));
}

Deno.test("a page whose ids do not ascend fails the list", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(6).reverse());
    assertMatch(
      await failure(list(scene)),
      /ports do not come in the order of ids \(p-004 after p-005\)/,
    );
    scene.cloud.ports!.splice(0, 6, ports(2)[0]!, ports(2)[0]!);
    assertMatch(await failure(list(scene)), /do not come in the order of ids/);
  }));

/** Pages that lead nowhere, by the request's number. */
const ENDLESS: Record<string, (page: number) => [ids: string[], links: unknown]> = {
  "the first page again and again": () => [["a", "b", "c"], [{ rel: "next" }]],
  "the same without links": () => [["a", "b", "c"], undefined],
  "two pages in turn": (n) => [n % 2 ? ["a", "b"] : ["c", "d"], [{ rel: "next" }]],
  "three pages in turn": (n) => [[["a"], ["b"], ["c"]][n % 3]!, [{ rel: "next" }]],
  "empty pages that promise more": () => [[], [{ rel: "next" }]],
};
for (const path of ["ports", "subnets"]) {
  for (const [what, pageOf] of Object.entries(ENDLESS)) {
    Deno.test(`${path}: ${what} are an error after a bound`, () =>
      withNeutron(async (scene) => {
        scene.meddle = (_, count) => {
          const [ids, links] = pageOf(count);
          const records = ids.map((id) => ({ id, revision_number: 1 }));
          return Response.json({ [path]: records, [`${path}_links`]: links });
        };
        const pattern = new RegExp(`the pages of ${path} have no end that can be found`);
        assertMatch(await failure(list(scene, path)), pattern);
        assert(scene.requests.length < 100, `${scene.requests.length} requests`);
      }));
  }
}

Deno.test("a server that never knows its markers is an error", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(6));
    scene.meddle = (url) =>
      url.searchParams.has("marker") ? new Response("{}", { status: 404 }) : undefined;
    assertMatch(await failure(list(scene)), /answered 404/);
    assert(scene.requests.length < 100, `${scene.requests.length} requests`);
  }));

Deno.test("records without an id do not stop a walk, unless a whole page has nothing to go on from", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(9));
    const damage = (lost: (id: string) => boolean) => {
      scene.spoil = (page) => ({
        ...page,
        records: page.records.map((record) => lost((record as FakeRecord).id) ? null : record),
      });
    };
    damage((id) => ["p-002", "p-003", "p-008"].includes(id));
    const { items, refused } = await scene.neutron.list("ports", revisionSchema, signal);
    assertEquals(idsOf(items), ["p-000", "p-001", "p-004", "p-005", "p-006", "p-007"]);
    // p-002 ends a page, so that it begins the next one too.
    assertEquals(refused.map(({ id }) => id), ["", "", "", ""]);
    damage((id) => id >= "p-003" && id <= "p-005");
    assertMatch(await failure(list(scene)), /have no end that can be found/);
  }));

/** What may be wrong with the links of one page. */
const LINK_FAULTS = ["none", "none", "missing", "malformed", "empty", "next is gone"] as const;

Deno.test("for any cloud, page size, cap and loss of links a list is complete or an error", async () => {
  const scenario = fc.record({
    count: fc.nat(40),
    pageSize: fc.integer({ min: 1, max: 12 }),
    cap: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(1000)),
    path: fc.constantFrom("ports", "subnets"),
    faults: fc.array(fc.constantFrom(...LINK_FAULTS), { minLength: 1, maxLength: 8 }),
    deletions: fc.array(fc.nat(39), { maxLength: 6 }),
  });
  let complete = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ count, pageSize, cap, path, faults, deletions }) => {
      await withNeutron(async (scene) => {
        scene.cloud[path]!.push(...some(count));
        const gone = new Set<string>();
        const toGo = [...deletions];
        scene.meddle = (url) => {
          // What is deleted is the marker's object or any other.
          const index = toGo.shift();
          if (index === undefined || !url.searchParams.has("marker")) return;
          const id = index % 2 ? url.searchParams.get("marker")! : some(40)[index]!.id;
          gone.add(id);
          scene.cloud[path] = scene.cloud[path]!.filter((record) => record.id !== id);
        };
        scene.spoil = (page, url) => {
          const fault = faults[(scene.requests.length - 1) % faults.length]!;
          // A server that caps pages, and whose first page hides that there are more, tells nobody.
          const hidden = fault === "next is gone" && cap < pageSize &&
            !url.searchParams.has("marker");
          if (hidden) return page;
          return { ...page, links: damagedLinks(fault, page.links) };
        };
        const found = await list(scene, path).catch((error) => error as Error);
        if (found instanceof Error) {
          assertMatch(found.message, /no end|answered 404/);
          return;
        }
        complete++;
        for (const { id } of some(count)) {
          assert(gone.has(id) || found.includes(id), `${id} is missing`);
        }
        assertEquals(found, [...new Set(found)].sort(), "each once, in order");
      }, { pageSize, cap });
    }),
    { numRuns: 250 },
  );
  assert(complete > 200, `${complete} of 250 lists were complete`);
});

function damagedLinks(fault: typeof LINK_FAULTS[number], links: unknown): unknown {
  switch (fault) {
    case "none":
      return links;
    case "missing":
      return undefined;
    case "malformed":
      return "links";
    case "empty":
      return [];
    case "next is gone":
      return (links as { rel: string }[]).filter(({ rel }) => rel !== "next");
  }
}
