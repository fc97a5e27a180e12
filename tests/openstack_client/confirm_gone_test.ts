import fc from "fast-check";
import { systemClock } from "../../lib/base/clock.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { withNeutron } from "./fake_neutron.ts";

const { signal } = new AbortController();
/** As with every page that is not full. */
const LINKS = [{ rel: "previous", href: "x" }];

interface Scene {
  readonly neutron: NeutronClient;
  /** What exists. */
  readonly subnets: Set<string>;
  /** The ids of each request. */
  readonly asked: string[][];
  /** What is answered to a request for these ids instead of the truth. */
  answer: (ids: string[], truth: unknown[]) => unknown[] | Response;
}

async function withSubnets(play: (scene: Scene) => Promise<void>): Promise<void> {
  const scene: Omit<Scene, "neutron"> = {
    subnets: new Set(),
    asked: [],
    answer: (_, truth) => truth,
  };
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname.endsWith("/extensions")) return Response.json({ extensions: [] });
      assertEquals(searchParams.getAll("fields"), ["id"]);
      const ids = searchParams.getAll("id");
      scene.asked.push(ids);
      const truth = ids.filter((id) => scene.subnets.has(id)).sort().map((id) => ({ id }));
      const answer = scene.answer(ids, truth);
      return answer instanceof Response
        ? answer
        : Response.json({ subnets: answer, subnets_links: LINKS });
    },
  );
  const neutronUrl = `http://127.0.0.1:${server.addr.port}`;
  const openstack = { ...testConfig().openstack, neutronUrl, authUrl: null, pageSize: 100 };
  using auth = new KeystoneAuth(openstack, systemClock);
  await play(Object.assign(scene, { neutron: new NeutronClient(openstack, auth) }));
}

const some = (count: number, name = "s") =>
  Array.from({ length: count }, (_, i) => `${name}-${String(i).padStart(3, "0")}`);
const confirm = async ({ neutron }: Scene, ids: string[], witness: string | null = "witness") => {
  const { gone, there, uncertain } = await neutron.confirmGone("subnets", signal, ids, witness);
  return { gone: [...gone].sort(), there: [...there].sort(), uncertain: [...uncertain].sort() };
};

Deno.test("what is missing beside a witness is gone; what is there is told", () =>
  withSubnets(async (scene) => {
    scene.subnets.add("witness").add("s-001");
    assertEquals(await confirm(scene, some(3)), {
      gone: ["s-000", "s-002"],
      there: ["s-001"],
      uncertain: [],
    });
    assertEquals(scene.asked, [[...some(3), "witness"]]);
    assertEquals(await confirm(scene, []), { gone: [], there: [], uncertain: [] });
    assertEquals(scene.asked.length, 1, "nothing to ask, nothing asked");
  }));

Deno.test("each request has its witness and at most 30 ids", () =>
  withSubnets(async (scene) => {
    scene.subnets.add("witness");
    const { gone, uncertain } = await confirm(scene, [...some(70), ...some(5)]);
    assertEquals([gone, uncertain], [some(70), []]);
    assertEquals(scene.asked.map((ids) => ids.length), [30, 30, 13]);
    assert(scene.asked.every((ids) => ids.includes("witness")));
  }));

Deno.test("without a witness, or with one that is not shown, nothing is gone", () =>
  withSubnets(async (scene) => {
    scene.subnets.add("s-001");
    const nothing = { gone: [], there: ["s-001"], uncertain: ["s-000", "s-002"] };
    assertEquals(await confirm(scene, some(3), null), nothing);
    assertEquals(await confirm(scene, some(3), "witness"), nothing, "it is hidden, or gone too");
    assertEquals(await confirm(scene, some(3), "s-001"), nothing, "it is one of them");
    await scene.neutron.askExtensions(signal);
    const { gone, uncertain } = await scene.neutron
      .confirmGone("floatingips", signal, ["f"], "witness");
    assertEquals([gone.size, [...uncertain]], [0, ["f"]], "the extension is not loaded");
  }));

for (
  const [what, damaged] of Object.entries({
    "null": null,
    "a list": [],
    "without an id": { name: "x" },
    "with id null": { id: null },
    "with an id that is a number": { id: 7 },
  })
) {
  Deno.test(`a record that is ${what} makes uncertain only what it may stand for`, () =>
    withSubnets(async (scene) => {
      scene.subnets.add("witness").add("s-004").add("s-009");
      scene.answer = (_, truth) =>
        truth.map((record) => (record as { id: string }).id === "s-004" ? damaged : record);
      const { gone, there, uncertain } = await confirm(scene, some(20));
      assertEquals(uncertain, ["s-004"]);
      assertEquals(there, ["s-009"]);
      assertEquals(gone.length, 18);
    }));
}

Deno.test("an answer with what was not asked for, as from a dropped filter, proves nothing", () =>
  withSubnets(async (scene) => {
    scene.subnets.add("witness");
    scene.answer = (ids, truth) => ids.length > 4 ? [{ id: "other" }, { id: "witness" }] : truth;
    assertEquals((await confirm(scene, some(20))).gone, some(20), "fewer at a time get through");
    scene.answer = () => [{ id: "other" }, { id: "s-003" }, { id: "witness" }];
    assertEquals((await confirm(scene, some(5))).uncertain, some(5));
  }));

Deno.test("a URL that is too long is halved; other refusals are no answer", () =>
  withSubnets(async (scene) => {
    scene.subnets.add("witness");
    scene.answer = (ids, truth) => ids.length > 8 ? new Response("no", { status: 414 }) : truth;
    assertEquals((await confirm(scene, some(29))).gone, some(29));
    scene.answer = () => new Response("no", { status: 403 });
    const failed = await confirm(scene, some(3)).catch((error) => String(error));
    assertMatch(String(failed), /answered 403/);
    scene.answer = () => new Response("<html>maintenance</html>");
    assertEquals((await confirm(scene, some(3))).uncertain, some(3), "no JSON, no proof");
  }));

Deno.test("whatever is damaged, capped or cut off, nothing that is there is gone", async () => {
  const scenario = fc.record({
    /** By number: whether it exists. */
    exist: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
    cap: fc.constantFrom(1, 2, 5, 1000),
    pageSize: fc.constantFrom(2, 30, 500),
    path: fc.constantFrom("ports", "subnets"),
    witness: fc.constantFrom("a-first", "z-last"),
    witnessExists: fc.boolean(),
    damage: fc.array(fc.constantFrom("none", "none", "null", "no id", "other"), { minLength: 1 }),
    links: fc.constantFrom("intact", "missing", "empty"),
  });
  let gone = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ exist, cap, pageSize, path, witness, ...rest }) => {
      const ids = some(exist.length);
      const living = ids.filter((_, i) => exist[i]);
      if (rest.witnessExists) living.push(witness);
      await withNeutron(async (scene) => {
        scene.cloud[path] = living.sort().map((id) => ({ id }));
        // deno-lint-ignore no-explicit-any
        const damaged: any = { none: undefined, null: null, "no id": {}, other: { id: "zz" } };
        scene.spoil = ({ records, links }) => ({
          records: records.map((record, i) => {
            const what = rest.damage[i % rest.damage.length]!;
            return what === "none" ? record : damaged[what];
          }),
          links: { intact: links, missing: undefined, empty: [] }[rest.links],
        });
        const found = await scene.neutron.confirmGone(path, signal, ids, witness);
        gone += found.gone.size;
        for (const id of ids) {
          const verdicts = [found.gone, found.there, found.uncertain].filter((set) => set.has(id));
          assertEquals(verdicts.length, 1, `${id} has one place`);
          if (living.includes(id)) assert(!found.gone.has(id), `${id} is there`);
          else assert(!found.there.has(id), `${id} is gone`);
        }
        if (!rest.witnessExists) assertEquals(found.gone.size, 0);
      }, { cap, pageSize });
    }),
    { numRuns: 500 },
  );
  assert(gone > 100, `${gone} were found gone`);
});
