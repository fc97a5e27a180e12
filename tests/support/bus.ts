/** A reporter over a broker of the tests. @module */
import { systemClock } from "../../lib/base/clock.ts";
import type { BusConfig } from "../../lib/config/config_types.ts";
import { parseTransportUrl } from "../../lib/config/transport_url.ts";
import { BusReporter } from "../../lib/status/bus_reporter.ts";
import { LogRecorder } from "./log_recorder.ts";

/** amqplib's sockets live across steps. */
export const SOCKETS = { sanitizeOps: false, sanitizeResources: false };

/** The configuration that a transport URL stands for. */
export function busConfig(url: string, changes: Partial<BusConfig> = {}): BusConfig {
  const { hosts, virtualHost, tls } = parseTransportUrl(url)!;
  return {
    hosts,
    virtualHost,
    tls,
    caFile: null,
    certFile: null,
    keyFile: null,
    exchange: "neutron",
    rpcTimeoutMs: 2000,
    ...changes,
  };
}

/** A reporter and its log. */
export function openReporter(
  url: string,
  reports: "agents" | "ports",
  changes: Partial<BusConfig> = {},
): { reporter: BusReporter; recorder: LogRecorder } {
  const recorder = new LogRecorder();
  const context = { clock: systemClock, log: recorder };
  return { reporter: new BusReporter(busConfig(url, changes), reports, context), recorder };
}
