/** What the detail pages show, in any size and with any text in it. @module */
import type { Details } from "../../lib/diagnostics/details.ts";
import { SAMPLED, type SampledSpan } from "../../lib/diagnostics/spans.ts";
import { HOUR_MS, ROLE_NAMES } from "../../lib/state/records.ts";
import { agent, NOW, resync } from "./fixtures.ts";

/** Details of a node: `n` of everything, with `text` in every field that holds text. */
export function details(n = 3, text = "text"): Details {
  const list = <T>(count: number, make: (i: number) => T) =>
    Array.from({ length: count }, (_, i) => make(i));
  const samplesOf = ({ sampleMs, ms }: SampledSpan) => {
    const most = ms / sampleMs;
    const at = list(Math.min(n * 100, most), (i) => NOW - (most - i) * sampleMs);
    return {
      at,
      lagMs: at.map((_, i) => i % 40 === 0 ? null : 200 + 100 * Math.sin(i / 9)),
      queued: at.map((_, i) => Math.max(0, Math.round(40 * Math.sin(i / 30)))),
      rssMib: Object.fromEntries(ROLE_NAMES.map((name) => [name, at.map(() => 80)])),
    };
  };
  const older = list(Math.min(n, 500), (i) =>
    resync({
      startedAt: NOW - 20_000_000 - i * 10_000,
      endedAt: NOW - 20_000_000 - i * 10_000 + 700,
      reason: `requested ${text}`,
      error: i % 2 ? `failed ${text}` : null,
    }));
  return {
    samples: (span) => samplesOf(SAMPLED[span]),
    configuration: () =>
      list(Math.min(n, 60), (i) => ({
        name: `option_${i}`,
        value: i % 4 === 0 ? null : i % 4 === 1 ? "(set)" : text,
        source: i % 3 === 0 ? `--${text}` : "default",
        unit: i % 4 === 2 ? "s" : null,
        help: `What it means ${text}`,
      })),
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
