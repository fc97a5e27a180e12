import { Sightings } from "../../lib/election/sightings.ts";
import type { RawElectionKey } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

const key = (createRevision: string): RawElectionKey => ({
  key: "/k",
  value: "node-1:7",
  createRevision,
  modRevision: createRevision,
  version: "1",
  lease: "7",
  leaseGrantedSeconds: 60,
  leaseLeftSeconds: 50,
});

Deno.test("looks that say the same are one stretch; silence, a gap and another term begin the next", () => {
  const seen = new Sightings();
  seen.saw(key("5"), 0);
  seen.saw(key("5"), 10_000);
  seen.unread("no answer", 18_000, 20_000);
  seen.unread("no answer", 30_000, 32_000);
  seen.saw(null, 42_000);
  seen.saw(key("9"), 43_000);
  seen.saw(key("9"), 90_000); // this process stood still in between
  assertEquals(seen.all.map(({ is, term, from, to }) => [is, term, from, to]), [
    ["held", "9", 90_000, 90_000],
    ["held", "9", 43_000, 43_000],
    ["free", null, 42_000, 42_000],
    ["unread", null, 18_000, 32_000],
    ["held", "5", 0, 10_000],
  ]);
  assertEquals(seen.all[3]!.why, "no answer");
});

Deno.test("what was seen goes on after a restart, and is bounded", () => {
  const first = new Sightings();
  for (let i = 1; i <= 60; i++) first.saw(key(String(i)), i);
  assertEquals(first.all.length, 40);
  const next = new Sightings(first.all);
  next.saw(key("60"), 5000);
  assertEquals(next.all.length, 40);
  assertEquals([next.all[0]!.from, next.all[0]!.to], [60, 5000]);
  next.restored(6000);
  next.restored(6001);
  assertEquals(next.all.slice(0, 2).map(({ is }) => is), ["restored", "restored"]);
});
