import {
  type AbsentHost,
  AbsentHosts,
  FORGET_MS,
  FORGET_UNKNOWN_MS,
  UNSERVED_AFTER_MS,
} from "../../lib/status/absent_hosts.ts";
import { LATE_AGENT_MS } from "../../lib/status/freshness.ts";
import { LONG_MIGRATION_MS, StrandedMigrations } from "../../lib/status/stranded_migrations.ts";
import { assertEquals } from "../support/assert.ts";

const NOW = Date.UTC(2026, 0, 1);
const endpoints = (counts: Record<string, number>) => new Map(Object.entries(counts));
const said = (list: readonly AbsentHost[]) => list.map(({ host, absent }) => `${host} ${absent}`);

Deno.test("a host whose status goes is gone at once, and is not when it comes back", () => {
  const hosts = new AbsentHosts();
  for (const host of ["h1", "h2"]) hosts.came(host);
  hosts.went("h2", NOW, true);
  const [gone, ...more] = hosts.list(endpoints({ h2: 7 }), NOW);
  assertEquals([gone?.host, gone?.absent, gone?.absentSince, gone?.endpoints], [
    "h2",
    "gone",
    NOW,
    7,
  ]);
  assertEquals(more, []);
  hosts.came("h2");
  assertEquals(hosts.list(endpoints({ h2: 7 }), NOW + 1), []);
});

Deno.test("what only a snapshot shows to be gone is so after a while: hosts may write again", () => {
  const hosts = new AbsentHosts();
  hosts.came("h1");
  hosts.went("h1", NOW, false);
  assertEquals(hosts.list(null, NOW + LATE_AGENT_MS - 1), []);
  assertEquals(said(hosts.list(null, NOW + LATE_AGENT_MS)), ["h1 gone"]);
});

Deno.test("a watcher that begins knows of whom an earlier one has seen", () => {
  const earlier = new AbsentHosts();
  for (const host of ["here", "went-before", "went-between"]) earlier.came(host);
  earlier.went("went-before", NOW - 5000, true);
  const hosts = new AbsentHosts();
  hosts.came("here");
  hosts.restore(earlier.remembered(), NOW);
  assertEquals(hosts.list(null, NOW), []);
  assertEquals([NOW, NOW + LATE_AGENT_MS].map((now) => hosts.awaited(now)), [2, 0]);
  const later = hosts.list(null, NOW + LATE_AGENT_MS);
  assertEquals(said(later).sort(), ["went-before gone", "went-between gone"]);
  assertEquals(later.find(({ host }) => host === "went-before")?.absentSince, NOW - 5000);
});

Deno.test("a host out of service is forgotten after a day; one with endpoints is not", () => {
  const hosts = new AbsentHosts();
  for (const host of ["empty", "full"]) hosts.came(host);
  for (const host of ["empty", "full"]) hosts.went(host, NOW, true);
  const full = endpoints({ full: 3 });
  assertEquals(said(hosts.list(full, NOW + FORGET_MS - 1)), ["full gone", "empty gone"]);
  assertEquals(said(hosts.list(full, NOW + FORGET_MS)), ["full gone"]);
  assertEquals(hosts.remembered(), { seen: [], gone: [["full", NOW]] });
  assertEquals(hosts.list(endpoints({}), NOW + FORGET_MS), [], "its endpoints have moved");
});

Deno.test("whose endpoints are not known is not forgotten after a day, nor told as never seen", () => {
  const earlier = new AbsentHosts();
  earlier.came("full");
  earlier.went("full", NOW, true);
  const hosts = new AbsentHosts();
  const later = NOW + FORGET_MS + LATE_AGENT_MS;
  hosts.restore(earlier.remembered(), later - LATE_AGENT_MS);
  assertEquals(said(hosts.list(null, later)), ["full gone"], "before the first resync of a term");
  const full = endpoints({ full: 3 });
  assertEquals(said(hosts.list(full, later + UNSERVED_AFTER_MS)), ["full gone"]);
  assertEquals(said(hosts.list(null, NOW + FORGET_UNKNOWN_MS - 1)), ["full gone"]);
  assertEquals(hosts.list(null, NOW + FORGET_UNKNOWN_MS), []);
});

Deno.test("who is gone stays so when the record has to be read again", () => {
  const hosts = new AbsentHosts();
  for (const host of ["h1", "h2"]) hosts.came(host);
  const before = hosts.remembered();
  hosts.went("h1", NOW, true);
  assertEquals(said(hosts.list(null, NOW)), ["h1 gone"]);
  hosts.restore(before, NOW + 1);
  hosts.restore({ seen: [], gone: [["h1", NOW + 1]] }, NOW + 1);
  const [gone] = hosts.list(null, NOW + 1);
  assertEquals([gone?.host, gone?.absentSince], ["h1", NOW]);
});

Deno.test("hosts with endpoints and no Felix are told after a minute, those with near names first", () => {
  const hosts = new AbsentHosts();
  for (const host of ["host-00", "host-01"]) hosts.came(host);
  const all = endpoints({ "host-01": 5, "Host-00": 3, other: 9 });
  assertEquals(hosts.list(all, NOW), []);
  const found = hosts.list(all, NOW + UNSERVED_AFTER_MS);
  assertEquals(found.map(({ host, absent, endpoints, near }) => [host, absent, endpoints, near]), [
    ["Host-00", "unserved", 3, ["host-00"]],
    ["other", "unserved", 9, []],
  ]);
  assertEquals(hosts.list(null, NOW + UNSERVED_AFTER_MS), [], "the endpoints are not known");
  hosts.list(all, NOW + UNSERVED_AFTER_MS);
  hosts.came("other");
  const later = hosts.list(all, NOW + 3 * UNSERVED_AFTER_MS);
  assertEquals(said(later), ["Host-00 unserved"]);
});

Deno.test("names that are like unserved hosts' are looked for a few at a time, and follow who comes and goes", () => {
  const hosts = new AbsentHosts();
  for (const host of ["alpha", "bravo"]) hosts.came(host);
  const all = endpoints({ "Alpha": 1, "Bravo": 1, "Charlie": 1, "Delta": 1 });
  const near = () =>
    hosts.list(all, NOW + UNSERVED_AFTER_MS).flatMap(({ near }) => near).toSorted();
  hosts.list(all, NOW);
  assertEquals(near(), ["alpha", "bravo"], "two of the four are compared");
  hosts.came("charlie");
  assertEquals(near(), ["alpha", "bravo", "charlie"]);
  hosts.came("delta");
  hosts.came("ALPHA");
  assertEquals(near(), ["ALPHA", "alpha", "bravo", "charlie", "delta"]);
  hosts.went("alpha", NOW, true);
  hosts.came("Bravo");
  assertEquals(near(), ["ALPHA", "charlie", "delta"]);
});

Deno.test("with 20,000 hosts and as many gone, a look stays short and the memory bounded", () => {
  const hosts = new AbsentHosts();
  for (let i = 0; i < 25_000; i++) {
    hosts.came(`host-${i}`);
    hosts.went(`host-${i}`, NOW, true);
  }
  assertEquals(hosts.list(null, NOW).length, 20_000);
});

Deno.test("a migration is stranded when it has stood for hours and its host gives no status", () => {
  const migrations = new StrandedMigrations();
  const at = (host: string, port: string) => ({ host, device: "d", port });
  const value = (created: number | string) => {
    const creationTimestamp = typeof created === "number"
      ? new Date(created).toISOString()
      : created;
    return new TextEncoder().encode(JSON.stringify({ metadata: { creationTimestamp } }));
  };
  const begun = NOW - LONG_MIGRATION_MS;
  migrations.stands(at("dead", "p1"), value(begun), NOW);
  migrations.stands(at("dead", "p2"), value(begun + 1), NOW); // not for so long
  migrations.stands(at("alive", "p3"), value(begun), NOW);
  migrations.stands(at("dead", "p4"), value("long ago"), NOW - LONG_MIGRATION_MS + 5);
  const list = (now: number) => migrations.list((host) => host === "alive", now);
  assertEquals(list(NOW), { total: 1, first: [{ host: "dead", port: "p1", since: begun }] });
  assertEquals(list(NOW + 5).first.map(({ port }) => port), ["p1", "p2", "p4"]);
  migrations.ended(at("dead", "p1"));
  assertEquals(list(NOW).total, 0);
});
