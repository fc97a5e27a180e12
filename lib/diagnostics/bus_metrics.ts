/** The message bus, as those who report over it see it. @module */
import type { Family } from "../metrics/exposition.ts";
import { blockedNow } from "../health/bus_findings.ts";
import type { Status } from "../health/status.ts";
import { agentsNow, portsNow } from "../health/status_now.ts";

/** What the master's watchers know; a standby reports nothing and has no samples. */
export function busFamilies(status: Status): Family[] {
  const { agents, ports } = blockedNow(status);
  const of = (role: string, record: unknown, blocked: unknown) =>
    record === null ? [] : [{ labels: { role }, value: Number(blocked !== null) }];
  return [{
    name: "bus_blocked",
    type: "gauge",
    help: "Whether the broker takes no messages of a role: an alarm, with the connection open",
    samples: [
      ...of("agent-status-watcher", agentsNow(status), agents),
      ...of("endpoint-status-watcher", portsNow(status), ports),
    ],
  }];
}
