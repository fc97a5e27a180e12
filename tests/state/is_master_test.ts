import { isMaster } from "../../lib/state/is_master.ts";
import { assert } from "../support/assert.ts";

const record = {
  heartbeat: 10_000,
  validUntil: 20_000,
  uptime: 500,
  term: "1",
  id: "n:1",
  since: 0,
};
const clock = (now: number, uptime = 500) => ({ now: () => now, uptime: () => uptime });

Deno.test("isMaster holds from the heartbeat to the end of validity, and no longer", () => {
  assert(isMaster(record, clock(10_000)));
  assert(isMaster(record, clock(19_999)));
  assert(!isMaster(record, clock(20_000)));
  assert(isMaster(record, clock(9_000)), "within a second of clock noise");
  assert(!isMaster(record, clock(8_999)), "a clock that was set back must not prolong it");
  assert(!isMaster(null, clock(10_000)));
});

Deno.test("a clock that is set back by less than the record's age does not prolong it", () => {
  assert(isMaster(record, clock(19_000, 509)));
  assert(isMaster(record, clock(11_000, 510)), "as long as the lease may live");
  assert(!isMaster(record, clock(11_000, 511)), "the wall clock was set back by 10 s");
});

Deno.test("a record from before the machine's restart is void", () => {
  assert(!isMaster(record, clock(12_000, 3)));
});
