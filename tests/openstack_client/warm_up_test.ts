/** Workers of Neutron that answer 500 about ports until they have read anything else. @module */
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { revisionSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { failure, type FakeNeutron, somePorts, withNeutron } from "./fake_neutron.ts";

const { signal } = new AbortController();
const WORKERS = 4;

function refused(): Response {
  const NeutronError = { type: "HTTPInternalServerError", message: "Request Failed", detail: "" };
  return Response.json({ NeutronError }, { status: 500 });
}

/** Requests go from worker to worker; each of them is cold until it has read something. */
function coldWorkers(): FakeNeutron["meddle"] {
  const warm = new Set<number>();
  let asked = 0;
  return ({ pathname }) => {
    const worker = asked++ % WORKERS;
    if (pathname === "/v2.0/ports") return warm.has(worker) ? undefined : refused();
    warm.add(worker);
    return undefined;
  };
}

const listPorts = (neutron: NeutronClient) => neutron.list("ports", revisionSchema, signal);
const pathsOf = ({ requests }: FakeNeutron) => requests.map(({ pathname }) => pathname);

Deno.test("ports that cold workers refuse are asked for again once another list was read, and it is said", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports = somePorts(4);
    scene.meddle = coldWorkers();
    const said: string[] = [];
    const { config, auth } = scene.neutron;
    const neutron = new NeutronClient(config, auth, { info: (message) => said.push(message) });
    assertEquals((await listPorts(neutron)).items.length, 4);
    assertEquals(said, ["Neutron answered 500: other lists are read before it is asked again"]);
    assert(pathsOf(scene).includes("/v2.0/networks"));
    // Of as many networks as the cloud has: the filter names none of them.
    const warmUp = scene.requests.find(({ pathname }) => pathname === "/v2.0/networks")!;
    assertMatch(warmUp.search, /id=00000000-0000-0000-0000-000000000000/);
  }));

Deno.test("a 500 that stays is a failure, bounded, and says what was tried", () =>
  withNeutron(async (scene) => {
    scene.meddle = ({ pathname }) => pathname === "/v2.0/ports" ? refused() : undefined;
    const why = await failure(listPorts(scene.neutron));
    assertMatch(why, /answered 500: Request Failed \(so it did each of 3 times after other lists/);
    assertEquals(pathsOf(scene).filter((path) => path === "/v2.0/ports").length, 4);
    assert(scene.requests.length <= 4 + 3 * 8, String(scene.requests.length));
  }));

Deno.test("what is read in between may fail as well: it is not told, and not read once more", () =>
  withNeutron(async (scene) => {
    scene.meddle = refused;
    assertMatch(await failure(listPorts(scene.neutron)), /\/ports answered 500: Request Failed$/);
    assertEquals(scene.requests.length, 4 + 8);
  }));

Deno.test("no other refusal has anything else read", () =>
  withNeutron(async (scene) => {
    scene.meddle = () => Response.json({ NeutronError: { message: "no" } }, { status: 503 });
    assertMatch(await failure(listPorts(scene.neutron)), /answered 503: no$/);
    assertEquals(new Set(pathsOf(scene)), new Set(["/v2.0/ports"]));
  }));

Deno.test("however many are refused at a time, other lists are read once for all of them", () =>
  withNeutron(async (scene) => {
    const all = 4;
    scene.cloud.ports = somePorts(2);
    const [refusing, waiting] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const ports: URL[] = [];
    scene.meddle = async (url) => {
      if (url.pathname === "/v2.0/networks") await waiting.promise;
      else if (ports.push(url) <= all) {
        if (ports.length === all) refusing.resolve();
        await refusing.promise;
        return refused();
      }
      return undefined;
    };
    let warmUps = 0;
    const info = () => {
      if (++warmUps === all) waiting.resolve();
    };
    const { config, auth } = scene.neutron;
    const neutron = new NeutronClient(config, auth, { info });
    neutron.gate.pace.limit = all;
    const lists = await Promise.all(Array.from({ length: all }, () => listPorts(neutron)));
    for (const { items } of lists) assertEquals(items.length, 2);
    assertEquals(pathsOf(scene).filter((path) => path === "/v2.0/networks").length, 8);
  }, { parallel: 4 }));

Deno.test("who waits for lists that somebody else reads has them read when that one is aborted", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports = somePorts(2);
    const [end, over] = [new AbortController(), Promise.withResolvers<void>()];
    let [ports, networks] = [0, 0];
    scene.meddle = async ({ pathname }) => {
      if (pathname === "/v2.0/ports") return ++ports <= 2 ? refused() : undefined;
      if (++networks <= 8) await over.promise;
      return undefined;
    };
    const { config, auth } = scene.neutron;
    const reads = Promise.withResolvers<void>();
    let warmUps = 0;
    const info = () => {
      if (++warmUps === 1) reads.resolve();
      // Once it waits as well.
      else queueMicrotask(() => end.abort(new Error("the term is over")));
    };
    const neutron = new NeutronClient(config, auth, { info });
    neutron.gate.pace.limit = 2;
    const first = failure(neutron.list("ports", revisionSchema, end.signal));
    await reads.promise;
    const second = listPorts(neutron);
    assertEquals(await first, "the term is over");
    assertEquals((await second).items.length, 2);
    over.resolve();
    assertEquals(networks, 16);
  }));

Deno.test("an aborted read is not read on", () =>
  withNeutron(async (scene) => {
    const end = new AbortController();
    scene.meddle = ({ pathname }) => {
      if (pathname === "/v2.0/networks") end.abort(new Error("the term is over"));
      return refused();
    };
    const listed = scene.neutron.list("ports", revisionSchema, end.signal);
    assertEquals(await failure(listed), "the term is over");
    assertEquals(pathsOf(scene).filter((path) => path === "/v2.0/ports").length, 1);
  }));
