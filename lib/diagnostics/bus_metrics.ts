/** The message bus, as those who report over it see it. @module */
import type { Family } from "../metrics/exposition.ts";
import { blockedNow } from "../health/bus_findings.ts";
import type { Status } from "../health/status.ts";
import { agentsNow, portsNow } from "../health/status_now.ts";

/** What the master's watchers know; a standby reports nothing and has no samples. */
export function busFamilies(status: Status): Family[] {
  const blocked = blockedNow(status);
  const known = { agents: agentsNow(status), ports: portsNow(status) };
  const reports = (["agents", "ports"] as const).filter((name) => known[name] !== null);
  return [{
    name: "bus_blocked",
    type: "gauge",
    help: "Whether the broker takes no reports: an alarm, while the connection is open",
    samples: reports.map((name) => ({
      labels: { reports: name },
      value: Number(blocked[name] !== null),
    })),
  }];
}
