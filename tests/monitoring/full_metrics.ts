/** Metrics of a node on which everything has been measured. @module */
import { type InstrumentName, INSTRUMENTS } from "../../lib/metrics/instruments.ts";
import { Meter } from "../../lib/metrics/meter.ts";
import { NOW, status } from "../diagnostics/fixtures.ts";
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

/** What `/metrics` answers there. */
export async function fullMetrics(accept?: string): Promise<{ type: string; text: string }> {
  const facts = status();
  const app = testApp({
    readStatus: () =>
      Promise.resolve(status({
        node: { ...facts.node, name: 'node "1"\\' },
        since: NOW,
        roles: facts.roles.map((role) => ({ ...role, alive: { ...role.alive!, rssBytes: 70e6 } })),
        compaction: { ...facts.compaction!, lastAt: NOW },
        ports: { ...facts.ports!, differing: 2 },
      })),
    readMetrics: () =>
      Promise.resolve({ manager: fullMeter().read(), "resource-syncer": fullMeter().read() }),
  });
  const response = await app.request("/metrics", { headers: accept ? { accept } : {} });
  return { type: response.headers.get("content-type")!, text: await response.text() };
}

/** Names of all instruments. */
export const INSTRUMENT_NAMES = Object.keys(INSTRUMENTS) as InstrumentName[];
