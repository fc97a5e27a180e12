/** What the detail pages show, in any size and with any text in it. @module */
import type { Details } from "../../lib/diagnostics/details.ts";
import { SAMPLE_MS } from "../../lib/diagnostics/samples.ts";
import { HOUR_MS, ROLE_NAMES } from "../../lib/state/records.ts";
import { agent, NOW, resync } from "./fixtures.ts";

/** Details of a node: `n` of everything, with `text` in every field that holds text. */
export function details(n = 3, text = "text"): Details {
  const list = <T>(count: number, make: (i: number) => T) =>
    Array.from({ length: count }, (_, i) => make(i));
  const samples = list(Math.min(n * 100, 360), (i) => NOW - (360 - i) * SAMPLE_MS);
  const older = list(Math.min(n, 500), (i) =>
    resync({
      startedAt: NOW - 20_000_000 - i * 10_000,
      endedAt: NOW - 20_000_000 - i * 10_000 + 700,
      reason: `requested ${text}`,
      error: i % 2 ? `failed ${text}` : null,
    }));
  return {
    samples: () => ({
      at: samples,
      lagMs: samples.map((_, i) => i % 40 === 0 ? null : 200 + 100 * Math.sin(i / 9)),
      queued: samples.map((_, i) => Math.max(0, Math.round(40 * Math.sin(i / 30)))),
      rssMib: Object.fromEntries(ROLE_NAMES.map((name) => [name, samples.map(() => 80)])),
    }),
    log: (role) =>
      list(Math.min(n, 300), (i) => ({
        time: new Date(NOW - (n - i) * 1000).toISOString(),
        level: ["INFO", "WARN", "ERROR", "DEBUG"][i % 4]!,
        role,
        pid: 4242,
        message: `record ${i} ${text}`,
        fields: { [text]: text, list: [text] },
      })),
    permissions: () => ({
      net: [text],
      read: [text],
      write: [],
      env: [text],
      run: [],
      sys: [text],
    }),
    agents: () =>
      Promise.resolve({
        at: NOW,
        total: n,
        agents: list(n, (i) => agent(`host-${i}-${text}`, (i * 7919 % n) * 1000)),
      }),
    portDifferences: () =>
      Promise.resolve({
        at: NOW,
        total: n,
        ports: list(Math.min(n, 500), (i) => ({
          host: `host-${i}-${text}`,
          port: `port-${i}-${text}`,
          status: ["ACTIVE", "DOWN", "ERROR"][i % 3]!,
          why: (["waiting", "failed", "error"] as const)[i % 3]!,
          since: NOW - 600_000 + i * 1000,
          attempts: i % 3,
          error: i % 3 === 1 ? `refused ${text}` : null,
        })),
      }),
    olderResyncs: (offset, limit) =>
      Promise.resolve({ total: older.length, resyncs: older.slice(offset, offset + limit) }),
    olderResync: (id) => Promise.resolve(older.find((each) => each.id === id) ?? null),
    resyncHours: () =>
      Promise.resolve(list(Math.min(n, 100), (i) => ({
        at: Math.floor(NOW / HOUR_MS - i) * HOUR_MS,
        changed: i,
        failed: i % 2,
        empty: 3600 - 2 * i,
        firstAt: NOW - (i + 1) * HOUR_MS,
        lastAt: NOW - i * HOUR_MS,
        longestMs: 900,
        pauseMs: 1200 + i,
      }))),
    differences: (id) =>
      Promise.resolve({
        id,
        total: n,
        objects: list(Math.min(n, 500), (i) => ({
          action: (["create", "update", "delete"] as const)[i % 3]!,
          kind: "WorkloadEndpoint",
          key: `/calico/${i}/${text}`,
          subject: { type: "port" as const, id: `id-${i}-${text}` },
          lines: [`- ${text}`, `+  "name": "${text}"`],
          cut: i % 2,
          changes: [{ path: "/name", before: text, after: `${text}!` }],
          moreChanges: i % 2,
        })),
      }),
  };
}
