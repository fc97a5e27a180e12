/** Metrics of a node on which everything has been measured. @module */
import { type InstrumentName, INSTRUMENTS } from "../../lib/metrics/instruments.ts";
import { families } from "../../lib/diagnostics/metrics.ts";
import type { Status } from "../../lib/health/status.ts";
import type { Family } from "../../lib/metrics/exposition.ts";
import { Meter } from "../../lib/metrics/meter.ts";
import { guard, left, NOW, resync, status } from "../diagnostics/fixtures.ts";
import { testApp } from "../diagnostics/test_app.ts";

/** A meter that has taken a value under every instrument. */
export function fullMeter(): Meter {
  const meter = new Meter();
  for (const [name, { labels }] of Object.entries(INSTRUMENTS)) {
    const values = Object.fromEntries(labels.map((label) => [label, `a "${label}"\\\n`]));
    const add = meter.add.bind(meter) as (name: string, value: number, labels: object) => void;
    for (const value of [0, 0.3, 4000]) add(name, value, values);
  }
  return meter;
}

function fullStatus(): Status {
  const facts = status();
  return status({
    node: { ...facts.node, name: 'node "1"\\', startupResync: "never" },
    since: NOW - 300_000,
    watches: true,
    roles: facts.roles.map((role) => ({ ...role, alive: { ...role.alive!, rssBytes: 70e6 } })),
    agents: {
      ...facts.agents!,
      absent: {
        gone: 2,
        unserved: 1,
        goneEndpoints: 30,
        unservedEndpoints: 3,
        hosts: [],
        stranded: { total: 1, first: [] },
      },
    },
    cluster: {
      ...facts.cluster!,
      configurations: {
        same: ["node-3"],
        unknown: [],
        differing: [{ node: 'a "node"\\\n', differences: [] }],
      },
    },
    compaction: { ...facts.compaction!, lastAt: NOW },
    ports: { ...facts.ports!, differing: 2, failing: 1, oldest: NOW - 1 },
    resyncs: [
      resync({ startedAt: NOW - 5000, endedAt: null }),
      resync({
        guards: [guard({ collection: 'a "collection"\\\n' }), guard({ why: "empty" })],
        leftOut: [left(), left({ why: "bad-key", total: 7 })],
        dryRun: true,
        differences: 12,
      }),
    ],
  });
}

const MEASURED = { manager: fullMeter().read(), "resource-syncer": fullMeter().read() };

/** The families behind it, but for the page's own. */
export function fullFamilies(): Family[] {
  return families(fullStatus(), MEASURED);
}

/** What `/metrics` answers there. */
export async function fullMetrics(accept?: string): Promise<{ type: string; text: string }> {
  const app = testApp({
    readStatus: () => Promise.resolve(fullStatus()),
    readMetrics: () => Promise.resolve(MEASURED),
  });
  const response = await app.request("/metrics", { headers: accept ? { accept } : {} });
  return { type: response.headers.get("content-type")!, text: await response.text() };
}

/** Names of all instruments. */
export const INSTRUMENT_NAMES = Object.keys(INSTRUMENTS) as InstrumentName[];
