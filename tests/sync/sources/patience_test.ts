import { Patience } from "../../../lib/openstack/patience.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { FenceLostError } from "../../../lib/etcd/client.ts";
import { assert, assertEquals, assertMatch, eventually } from "../../support/assert.ts";
import { fullResync } from "../../../lib/sync/sources/full.ts";
import { ELECTION, type Scene, WEP, withCloud } from "../scene.ts";

/** Neutron is away from the third page of ports on, when `onAway` is called, until `comesBack` is. */
function failing({ meddle, requests }: Scene, onAway: () => Promise<void> | void = () => {}) {
  const told: (string | null)[] = [];
  const onTrouble = (why: string | null) => void told.push(why);
  const patience = new Patience({ clock: systemClock, onTrouble, onBeat: () => {} });
  let away = true;
  // What is asked to find where the list is to be cut is no page of it.
  const isPage = ({ pathname, searchParams }: URL) =>
    pathname.endsWith("/ports") && !searchParams.has("id") &&
    searchParams.getAll("fields").length > 2;
  const pages = () => requests.filter(isPage).map(({ href }) => href);
  meddle(async (url) => {
    if (!away || !isPage(url) || new Set(pages()).size < 3) return;
    await onAway();
    return new Response("", { status: 503, headers: { "retry-after": "0.01" } });
  });
  return { patience, told, pages, comesBack: () => away = false };
}

Deno.test("Neutron is away in the middle: what came is written, and no page but what failed is asked for again", () =>
  withCloud(async (scene) => {
    const { patience, told, pages, comesBack } = failing(scene);
    const done = scene.resync({ patience });
    // What came before it is not kept until Neutron is back.
    const [first, second] = [7, 14];
    await eventually("the first two pages are written", async () => {
      const { length } = await scene.etcd.getAll().prefix(WEP).keys();
      return length > 0 && told.length > 0 && scene.cloud.vmPorts().length > first &&
        length <= second;
    });
    comesBack();
    await done;
    const asked = Map.groupBy(pages(), (href) => href);
    const again = [...asked].filter(([, times]) => times.length > 1);
    // Two are under way at a time.
    assert(again.length === 1 || again.length === 2, "only pages that failed are asked for again");
    assertMatch(told[0]!, /in the middle of a list .*ports answered 503.*next try in 1 s/);
    assertEquals(told.at(-1), null);
    assertEquals(await scene.differences(), []);
  }));

Deno.test("who leads no more while Neutron is away does not wait for it", () =>
  withCloud(async (scene) => {
    const { patience, told } = failing(scene, async () => {
      await scene.etcd.put(ELECTION).value("node-2:1").exec();
    });
    // The next write finds it.
    const error = await scene.resync({ patience }).catch((error) => error);
    assert(error instanceof FenceLostError, String(error));
    assert(!told.includes(null));
  }));

Deno.test("a term that ends while Neutron is away ends the resync at once", () =>
  withCloud(async (scene) => {
    const { patience, told } = failing(scene);
    const end = new AbortController();
    const reason = new Error("another node leads");
    const done = fullResync(scene.deps, { ...scene.term, signal: end.signal }, { patience })
      .catch((error) => error);
    await eventually("it waits", () => told.length > 0);
    end.abort(reason);
    assertEquals(await done, reason);
    assert(!told.includes(null));
  }));
