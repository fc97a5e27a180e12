import fc from "fast-check";
import { Comparison } from "../../lib/status/comparison.ts";
import { EndpointStates } from "../../lib/status/endpoint_states.ts";
import { felixPrefix, type PortStatus } from "../../lib/status/felix_status.ts";
import type { SeenPage } from "../../lib/status/seen_ports.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";

const prefix = felixPrefix(null);
const keyOf = (host: string, port: string, device = "d") =>
  `${prefix}${host}/workload/openstack/openstack%2f${device}/endpoint/${port}`;

/** A term whose snapshot is read; `validFrom`: see `ComparisonOptions`. */
function scene(validFrom = 0) {
  const clock = new FakeClock();
  const states = new EndpointStates(clock.now());
  const underWay = new Set<string>();
  /** When a report changed whether a port is called faulty. */
  const setAt = new Map<string, number>();
  const knownErrors: string[] = [];
  const pages: SeenPage[] = [];
  const source = {
    lost: 0,
    async *take() {
      yield* pages.splice(0);
    },
    wait: (ms: number, _clock: unknown, signal: AbortSignal) =>
      clock.sleep(ms, signal).catch(() => {}),
  };
  const comparison = new Comparison({
    states,
    prefix,
    term: "7",
    validFrom,
    clock,
    pages: source,
    isUnderWay: (host, port) => underWay.has(`${host}/${port}`),
    noteFault: (port, _isFaulty, askedAt) => askedAt > (setAt.get(port) ?? -Infinity),
    onKnownError: (host, port) => void knownErrors.push(`${host}/${port}`),
    onWaiting: () => {},
    onTrouble: () => {},
  });
  let revision = 0;
  return {
    clock,
    states,
    comparison,
    source,
    pages,
    underWay,
    setAt,
    knownErrors,
    /** Felix has said that before the term. */
    old(host: string, port: string, status: PortStatus, device = "d") {
      const key = keyOf(host, port, device);
      states.set(key, status, ++revision);
      states.doubt(key);
    },
    page(...ports: SeenPage["ports"]) {
      comparison.page({
        term: "7",
        askedAt: clock.now(),
        ports,
        faulty: [],
        showsFaults: true,
        ends: false,
      });
    },
    /** One port, of which nobody can see whether it is called faulty. */
    hidden(port: SeenPage["ports"][number]) {
      const page = { term: "7", askedAt: clock.now(), ports: [port], faulty: [], ends: false };
      comparison.page({ ...page, showsFaults: false });
    },
    /** One port, which is called faulty. */
    faulty(port: SeenPage["ports"][number], askedAt = clock.now()) {
      const page = { term: "7", askedAt, ports: [port], faulty: [port[0]], ends: false };
      comparison.page({ ...page, showsFaults: true });
    },
    end() {
      comparison.page({
        term: "7",
        askedAt: clock.now(),
        ports: [],
        faulty: [],
        showsFaults: false,
        ends: true,
      });
    },
    /** What would be reported now. */
    waiting: () =>
      states.takeNext(1000).map(({ key, status }) => {
        const [host, , , , , port] = key.slice(prefix.length).split("/");
        return `${host}/${port} ${status}`;
      }),
  };
}

Deno.test("only what Neutron shows otherwise on the port's host is reported, the newest first", () => {
  const s = scene();
  s.old("a", "same", "ACTIVE");
  s.old("a", "down there", "ACTIVE");
  s.old("a", "build there", "ACTIVE");
  s.old("a", "up there", "DOWN");
  s.old("a", "build and down", "DOWN");
  s.old("a", "both down", "DOWN");
  s.old("a", "elsewhere", "ACTIVE");
  s.old("a", "unbound", "ACTIVE");
  s.old("a", "odd word", "DOWN");
  s.old("a", "not listed", "ACTIVE");
  s.comparison.allRead();
  assertEquals(s.waiting(), [], "nobody knows yet");
  s.page(
    ["same", "ACTIVE", "a"],
    ["down there", "DOWN", "a"],
    ["build there", "BUILD", "a"],
    ["up there", "ACTIVE", "a"],
    ["build and down", "BUILD", "a"],
    ["both down", "DOWN", "a"],
    ["elsewhere", "DOWN", "b"],
    ["unbound", "DOWN", ""],
    ["odd word", "N/A", "a"],
    ["no endpoint", "ACTIVE", "a"],
  );
  assertEquals(s.states.waiting, 4);
  assertEquals(s.comparison.record().is, "comparing");
  assertEquals(s.waiting(), [
    "a/build and down DOWN",
    "a/up there DOWN",
    "a/build there ACTIVE",
    "a/down there ACTIVE",
  ]);
  assertEquals([s.states.unsure, s.comparison.record().found], [1, 4]);
  s.end();
  assertEquals(s.waiting(), ["a/not listed ACTIVE"], "of which no page has spoken");
  assertEquals([s.comparison.record().is, s.states.unsure], ["compared", 0]);
});

Deno.test("an error is reported once in a term, whatever Neutron shows, and counts as down", () => {
  const s = scene();
  s.old("a", "p", "ERROR");
  s.comparison.allRead();
  s.hidden(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), ["a/p ERROR"]);
  s.hidden(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), []);
  assertEquals(s.comparison.record().found, 0);
  s.hidden(["p", "ACTIVE", "a"]);
  assertEquals(s.waiting(), ["a/p ERROR"]);
});

Deno.test("a page that is older than what Neutron took says nothing, nor one while a report is on its way", async () => {
  const s = scene();
  s.states.set(keyOf("a", "p"), "ACTIVE", 1);
  s.comparison.allRead();
  s.underWay.add("a/p");
  s.hidden(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), []);
  const askedAt = s.clock.now();
  await s.clock.advance(100);
  s.comparison.accepted(keyOf("a", "p"));
  s.underWay.clear();
  s.comparison.page({
    term: "7",
    askedAt,
    ports: [["p", "DOWN", "a"]],
    faulty: [],
    showsFaults: false,
    ends: false,
  });
  assertEquals(s.waiting(), []);
  await s.clock.advance(100);
  s.page(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), ["a/p ACTIVE"], "somebody has changed it in Neutron");
});

Deno.test("a port that is called faulty is reported once it is well, also by whoever did not know", async () => {
  const s = scene();
  s.old("a", "well", "ACTIVE");
  s.old("a", "ill", "ERROR");
  s.old("a", "newly ill", "ERROR");
  s.states.set(keyOf("a", "early"), "ACTIVE", 9);
  s.states.set(keyOf("a", "on its way"), "ACTIVE", 9);
  s.comparison.allRead();
  const askedAt = s.clock.now();
  await s.clock.advance(100);
  s.comparison.accepted(keyOf("a", "early")); // before the page came that says that it is faulty
  s.underWay.add("a/on its way");
  s.faulty(["well", "ACTIVE", "a"]);
  s.faulty(["ill", "DOWN", "a"]);
  s.faulty(["on its way", "ACTIVE", "a"]);
  s.page(["newly ill", "DOWN", "a"]);
  s.faulty(["early", "ACTIVE", "a"], askedAt);
  const wrong = ["a/early ACTIVE", "a/newly ill ERROR", "a/on its way ACTIVE", "a/well ACTIVE"];
  assertEquals(s.waiting().sort(), wrong);
  assertEquals(s.knownErrors, ["a/ill"], "it is told of on the page all the same");
  s.setAt.set("well", s.clock.now());
  s.faulty(["well", "ACTIVE", "a"]);
  assertEquals(s.waiting(), [], "a report has taken that away since");
  await s.clock.advance(100);
  s.faulty(["ill", "DOWN", "a"]);
  assertEquals(s.waiting(), [], "it is");
  s.states.set(keyOf("a", "ill"), "ACTIVE", 10);
  s.faulty(["ill", "ACTIVE", "a"]);
  assertEquals(s.waiting(), ["a/ill ACTIVE"]);
});

Deno.test("what goes on differing is told ever more seldom, but for ever; a new fault at once", () => {
  const s = scene();
  s.old("a", "p", "ACTIVE");
  s.comparison.allRead();
  const told: number[] = [];
  for (let walk = 1; walk <= 600; walk++) {
    s.page(["p", "DOWN", "a"]);
    if (s.waiting().length > 0) told.push(walk);
  }
  assertEquals(told, [1, 2, 4, 8, 16, 32, 64, 128, 256, 384, 512]);
  s.faulty(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), ["a/p ACTIVE"]);
  s.faulty(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), []);
});

Deno.test("an error that Neutron does not call a fault any more is told again, where lists show that", () => {
  const s = scene();
  s.old("a", "p", "ERROR");
  s.comparison.allRead();
  s.faulty(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), []);
  s.hidden(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), []);
  s.page(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), ["a/p ERROR"]);
});

Deno.test("a page of another term, or of before a watcher that was started again, says nothing", () => {
  const s = scene(2_000_000);
  s.old("a", "p", "ACTIVE");
  s.comparison.allRead();
  s.comparison.page({
    term: "6",
    askedAt: 3e6,
    ports: [["p", "ACTIVE", "a"]],
    faulty: [],
    showsFaults: false,
    ends: true,
  });
  s.comparison.page({
    term: "7",
    askedAt: 1_999_999,
    ports: [["p", "ACTIVE", "a"]],
    faulty: [],
    showsFaults: false,
    ends: true,
  });
  assertEquals([s.states.unsure, s.comparison.record().pages], [1, 0]);
  s.comparison.page({
    term: "7",
    askedAt: 2e6,
    ports: [["p", "ACTIVE", "a"]],
    faulty: [],
    showsFaults: false,
    ends: true,
  });
  assertEquals([s.states.unsure, s.comparison.record().pages], [0, 1]);
});

Deno.test("what goes on differing although Neutron takes reports of it is reported ever more seldom", async () => {
  const s = scene();
  s.states.set(keyOf("a", "p"), "ACTIVE", 1);
  s.comparison.allRead();
  const told: number[] = [];
  for (let round = 1; round <= 20; round++) {
    await s.clock.advance(60_000);
    s.page(["p", "DOWN", "a"]);
    if (s.waiting().length === 0) continue;
    told.push(round);
    s.comparison.accepted(keyOf("a", "p"));
  }
  assertEquals(told, [1, 2, 4, 8, 16]);
  const { found, accepted, persisting } = s.comparison.record();
  assertEquals([found, accepted, persisting], [20, 5, 1]);
  await s.clock.advance(60_000);
  s.page(["p", "ACTIVE", "a"]);
  assertEquals(s.comparison.record().persisting, 0);
  await s.clock.advance(60_000);
  s.page(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), ["a/p ACTIVE"], "that is new");
});

Deno.test("of two endpoints of one port on its host the newer counts", () => {
  const s = scene();
  s.old("a", "p", "DOWN", "old");
  s.old("a", "p", "ACTIVE", "new");
  s.old("b", "p", "ACTIVE");
  s.comparison.allRead();
  s.page(["p", "DOWN", "a"]);
  assertEquals(s.waiting(), ["a/p ACTIVE"]);
  assertEquals(s.states.unsure, 0);
});

Deno.test("without pages all is reported after a minute, and pages that come then still count", async () => {
  const s = scene();
  s.old("a", "p", "ACTIVE");
  s.old("a", "q", "ACTIVE");
  const stop = new AbortController();
  const running = s.comparison.run(stop.signal);
  await s.clock.advance(120_000);
  assertEquals(s.states.waiting, 0, "not before etcd is read");
  s.comparison.allRead();
  await s.clock.advance(58_000);
  assertEquals([s.states.waiting, s.comparison.record().is], [0, "awaiting"]);
  await s.clock.advance(4000);
  assertEquals([s.states.waiting, s.comparison.record().is], [2, "telling"]);
  s.pages.push({
    term: "7",
    askedAt: s.clock.now(),
    ports: [["p", "ACTIVE", "a"]],
    faulty: [],
    showsFaults: false,
    ends: false,
  });
  await s.clock.advance(2000);
  assertEquals([s.states.waiting, s.states.unsure, s.comparison.record().is], [0, 1, "comparing"]);
  await s.clock.advance(62_000);
  assertEquals(s.waiting(), ["a/q ACTIVE"], "the syncer has ended in the middle");
  stop.abort();
  await running;
});

Deno.test("pages that come and never end keep nothing back for ever", async () => {
  const s = scene();
  s.old("a", "p", "ACTIVE");
  const stop = new AbortController();
  const running = s.comparison.run(stop.signal);
  s.comparison.allRead();
  for (let i = 0; i < 31; i++) {
    assertEquals(s.states.waiting, 0, `after ${i * 30} s`);
    s.pages.push({
      term: "7",
      askedAt: s.clock.now(),
      ports: [["x", "ACTIVE", "a"]],
      faulty: [],
      showsFaults: false,
      ends: false,
    });
    await s.clock.advance(30_000);
    if (i === 29) break;
  }
  await s.clock.advance(2000);
  assertEquals(s.waiting(), ["a/p ACTIVE"]);
  stop.abort();
  await running;
});

Deno.test("a walk of which a page was lost has not compared all, and the rest is reported", async () => {
  const s = scene();
  s.old("a", "p", "ACTIVE");
  s.old("a", "q", "ACTIVE");
  s.comparison.allRead();
  const stop = new AbortController();
  const running = s.comparison.run(stop.signal);
  const askedAt = s.clock.now();
  s.pages.push({
    term: "7",
    askedAt,
    ports: [["p", "ACTIVE", "a"]],
    faulty: [],
    showsFaults: false,
    ends: false,
  });
  s.pages.push({ term: "7", askedAt, ports: [], faulty: [], showsFaults: false, ends: true });
  s.source.lost = 1;
  await s.clock.advance(2000);
  const { is, lost, wholeAt } = s.comparison.record();
  assertEquals([is, lost, wholeAt], ["telling", 1, null]);
  assertEquals(s.waiting(), ["a/q ACTIVE"]);
  await s.clock.advance(1000);
  s.pages.push({
    term: "7",
    askedAt: s.clock.now(),
    ports: [],
    faulty: [],
    showsFaults: false,
    ends: true,
  });
  await s.clock.advance(2000);
  assertEquals(s.comparison.record().is, "compared");
  stop.abort();
  await running;
});

Deno.test("whatever pages say: no endpoint is forgotten, and none that is the same is reported", () => {
  const port = fc.nat(8).map((n) => `p${n}`);
  const host = fc.constantFrom("a", "b", "");
  const felix = fc.array(
    fc.tuple(fc.constantFrom("a", "b"), port, fc.constantFrom<PortStatus>("ACTIVE", "DOWN")),
  );
  const listed = fc.array(
    fc.tuple(port, fc.constantFrom("ACTIVE", "DOWN", "BUILD", "ERROR"), host),
  );
  fc.assert(fc.property(felix, listed, (said, listed) => {
    const s = scene();
    const felix = new Map(said.map(([host, port, status]) => [`${host}/${port}`, status]));
    const neutron = new Map(listed.map(([port, status, host]) => [port, { status, host }]));
    for (const [name, status] of felix) {
      const [host, port] = name.split("/") as [string, string];
      s.old(host, port, status);
    }
    s.comparison.allRead();
    s.page(
      ...[...neutron].map(([port, { status, host }]) =>
        [port, status, host] satisfies SeenPage["ports"][number]
      ),
    );
    const differ = s.waiting();
    s.end();
    const rest = s.waiting();
    const expected = [...felix].filter(([name, status]) => {
      const [host, port] = name.split("/");
      const shown = neutron.get(port!);
      if (!shown || shown.host !== host) return false;
      return status === "ACTIVE" ? shown.status !== "ACTIVE" : /ACTIVE|BUILD/.test(shown.status);
    });
    const unlisted = [...felix].filter(([name]) => !neutron.has(name.split("/")[1]!));
    const text = (all: typeof expected) => all.map(([name, status]) => `${name} ${status}`).sort();
    assertEquals([differ.sort(), rest.sort()], [text(expected), text(unlisted)]);
    assertEquals([s.states.unsure, s.states.waiting], [0, 0]);
  }));
});
