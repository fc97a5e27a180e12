/** Ports whose status Neutron does not show. Pure. @module */
import { blockedNow } from "./bus_findings.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { LONG_QUEUE, LONG_WAIT_MS } from "./limits.ts";
import { portsNow } from "./status_now.ts";

/** The findings on ports: many that wait, one that waits for long, reports that fail, ports in error. */
export function portFindings(facts: Facts): Finding[] {
  const { roles, at } = facts;
  const ports = portsNow(facts);
  if (!ports) return [];
  const { queued, failing = 0, oldest = null, byStatus } = ports;
  const found: Finding[] = [];
  // Then they wait for the broker, not for Neutron; that has a finding of its own.
  const isBlocked = blockedNow(facts).ports !== null;
  if (queued > LONG_QUEUE) {
    const watcher = roles.find(({ name }) => name === "endpoint-status-watcher");
    const slow = !watcher?.alive?.problem && !isBlocked;
    found.push({ kind: "ports-waiting", level: "warn", queued, slow });
  }
  if (failing > 0) {
    found.push({ kind: "ports-failing", level: "warn", failing });
  } else if (
    !isBlocked && queued > 0 && queued <= LONG_QUEUE && oldest !== null &&
    at - oldest > LONG_WAIT_MS
  ) {
    found.push({ kind: "ports-overdue", level: "warn", queued, oldest, at });
  }
  const broken = byStatus.ERROR ?? 0;
  if (broken > 0) found.push({ kind: "ports-in-error", level: "warn", broken });
  return found;
}
