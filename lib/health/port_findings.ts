/** Ports whose status Neutron does not show. Pure. @module */
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
  if (queued > LONG_QUEUE) {
    const watcher = roles.find(({ name }) => name === "endpoint-status-watcher");
    const slow = !watcher?.alive?.problem;
    found.push({ kind: "ports-waiting", level: "warn", queued, slow });
  }
  if (failing > 0) {
    found.push({ kind: "ports-failing", level: "warn", failing });
  } else if (queued > 0 && queued <= LONG_QUEUE && oldest !== null && at - oldest > LONG_WAIT_MS) {
    found.push({ kind: "ports-overdue", level: "warn", queued, oldest, at });
  }
  const broken = byStatus.ERROR ?? 0;
  if (broken > 0) found.push({ kind: "ports-in-error", level: "warn", broken });
  return found;
}
