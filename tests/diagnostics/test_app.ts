/** The application over the fixtures, with changes. @module */
import { type AppDeps, createApp } from "../../lib/diagnostics/app.ts";
import type { Details } from "../../lib/diagnostics/details.ts";
import { NO_SAMPLES } from "../../lib/diagnostics/samples.ts";
import type { Api } from "../../lib/diagnostics/api/openapi.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { NOW, status } from "./fixtures.ts";

/** Of a node that has nothing to tell. */
const NO_DETAILS: Details = {
  samples: () => NO_SAMPLES,
  configuration: () => [],
  log: () => [],
  permissions: () => null,
  agents: () => Promise.resolve(null),
  portDifferences: () => Promise.resolve(null),
  olderResyncs: () => Promise.resolve({ total: 0, resyncs: [] }),
  olderResync: () => Promise.resolve(null),
  resyncHours: () => Promise.resolve([]),
  differences: () => Promise.resolve(null),
};

/** What a test changes; `actions` are merged. */
export type Setup = Partial<Omit<AppDeps, "actions">> & { actions?: Partial<AppDeps["actions"]> };

/** The application of a node in good order. */
export function testApp({ actions, ...changes }: Setup = {}): Api {
  return createApp({
    readStatus: () => Promise.resolve(status()),
    readMetrics: () => Promise.resolve({}),
    details: NO_DETAILS,
    trace: () => Promise.reject(new Error("nobody traces here")),
    now: () => NOW,
    signal: new AbortController().signal,
    log: new LogRecorder(),
    allowedHosts: [],
    requestRate: 0,
    updateIntervalMs: 10,
    ...changes,
    actions: {
      token: null,
      stepDown: () => Promise.resolve("not leading"),
      requestResync: () => Promise.resolve({ id: "id" }),
      restart: () => Promise.resolve(),
      readResync: () => Promise.resolve(null),
      readAsked: () => Promise.resolve(null),
      ...actions,
    },
  });
}

/** A page without the marks that isolate texts of others, for whoever looks at what stands around these. */
export function withoutIsolation(html: string): string {
  return html.replaceAll(/<\/?bdi>/g, "");
}
