import fc from "fast-check";
import { EndpointStates } from "../../lib/status/endpoint_states.ts";
import type { PortStatus } from "../../lib/status/felix_status.ts";
import { assertEquals } from "../support/assert.ts";

const step = fc.tuple(
  fc.nat(20),
  fc.constantFrom<PortStatus | null>("ACTIVE", "DOWN", "ERROR", null),
);

Deno.test("endpoint states: what a Map would hold, and counted", () =>
  fc.assert(fc.property(fc.array(fc.uuid()), fc.array(step), (ids, steps) => {
    const states = new EndpointStates();
    const map = new Map<string, PortStatus>();
    for (const [n, status] of steps) {
      const key = `/calico/felix/v2/no-region/host/host-${n % 3}/endpoint/${ids[n] ?? n}`;
      assertEquals(states.get(key), map.get(key));
      if (status === null) {
        states.delete(key);
        map.delete(key);
      } else {
        states.set(key, status);
        map.set(key, status);
      }
    }
    const counts: Record<string, number> = {};
    for (const status of map.values()) counts[status] = (counts[status] ?? 0) + 1;
    const counted = states.byStatus();
    assertEquals(states.size, map.size);
    assertEquals(Object.entries(counted).sort(), Object.entries(counts).sort());
  })));
