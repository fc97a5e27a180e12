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

const act = fc.tuple(
  fc.nat(20),
  fc.constantFrom("ACTIVE", "DOWN", "gone", "wait", "wait live", "take", "next"),
);

Deno.test("endpoint states that wait: each once, with its newest status, none lost", () =>
  fc.assert(fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
    const states = new EndpointStates();
    const statuses = new Map<string, PortStatus>();
    const waiting = new Map<string, { since: number; live: boolean }>();
    const expected = (key: string) => ({ key, status: statuses.get(key), ...waiting.get(key)! });
    for (const [at, [n, what]] of acts.entries()) {
      const key = `/calico/felix/v2/no-region/host/host-${n % 3}/endpoint/${n}`;
      if (what === "ACTIVE" || what === "DOWN") {
        states.set(key, what);
        statuses.set(key, what);
      } else if (what === "gone") {
        states.delete(key);
        statuses.delete(key);
        waiting.delete(key);
      } else if (what === "take") {
        assertEquals(states.take(key), waiting.has(key) ? expected(key) : null);
        waiting.delete(key);
      } else if (what === "next") {
        const taken = states.takeNext(2);
        assertEquals(taken.length, Math.min(2, waiting.size));
        for (const state of taken) {
          assertEquals(state, expected(state.key));
          waiting.delete(state.key);
        }
      } else {
        const live = what === "wait live";
        states.wait(key, at + 1, live);
        if (!waiting.has(key)) waiting.set(key, { since: at + 1, live });
      }
      assertEquals([states.waiting, states.size], [waiting.size, statuses.size]);
    }
    const rest = states.takeNext(1000).map(({ key }) => key);
    assertEquals(rest.sort(), [...waiting.keys()].sort());
  })));

const portStep = fc.tuple(fc.nat(400), fc.nat(2), fc.boolean());

Deno.test("endpoint states: all rows of a port are found, and no others", () =>
  fc.assert(fc.property(fc.array(portStep, { maxLength: 600 }), (steps) => {
    const states = new EndpointStates();
    const keys = new Set<string>();
    const portOf = (key: string) => key.slice(key.lastIndexOf("/") + 1);
    for (const [port, host, isThere] of steps) {
      const key = `/calico/felix/v2/no-region/host/host-${host}/endpoint/port-${port}`;
      if (isThere) states.set(key, "ACTIVE", 1);
      else states.delete(key);
      if (isThere) keys.add(key);
      else keys.delete(key);
    }
    for (let n = 0; n <= 400; n++) {
      const found = states.rowsOf(`port-${n}`).map((row) => states.key(row)).sort();
      assertEquals(found, [...keys].filter((key) => portOf(key) === `port-${n}`).sort());
    }
  })));

Deno.test("endpoint states: the newest come first, what is released last and a key only once", () =>
  fc.assert(fc.property(
    fc.uniqueArray(fc.nat(10_000), { maxLength: 200 }),
    fc.nat(3),
    (revisions, unsureOf) => {
      const states = new EndpointStates();
      const waiting: number[] = [];
      for (const [n, revision] of revisions.entries()) {
        const key = `/host/endpoint/${n}`;
        states.set(key, "ACTIVE", revision);
        states.doubt(key);
        if (n % 4 < unsureOf) continue;
        states.wait(key, 1, false);
        states.take(key); // and again: it stands twice among those that are sorted
        states.wait(key, 1, false);
        waiting.push(revision);
      }
      const revisionOf = ({ key }: { key: string }) => states.revision(states.row(key));
      const unsure = revisions.length - waiting.length;
      assertEquals([states.waiting, states.unsure], [waiting.length, unsure]);
      states.release(5);
      assertEquals(states.waiting, revisions.length);
      const first: number[] = [];
      while (first.length < waiting.length) first.push(...states.takeNext(1000, 7).map(revisionOf));
      assertEquals(first, waiting.toSorted((a, b) => b - a));
      const rest = states.takeNext(1000, 7);
      assertEquals([rest.length, states.waiting], [unsure, 0]);
    },
  )));
