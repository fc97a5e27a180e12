// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** Status reports: the past as charts, agents by freshness, ports and their differences. Pure. @module */
import { freshness } from "../../status/freshness.ts";
import { toldStatus } from "../../status/reporter.ts";
import type { Ports, Samples } from "../../state/records.ts";
import { LAG_MS, LONG_QUEUE } from "../../health/limits.ts";
import type { Status } from "../../health/status.ts";
import { comparisonText } from "../../health/comparison_text.ts";
import { agentsNow, portsNow } from "../../health/status_now.ts";
import { LineChart } from "../charts/line_chart.tsx";
import { SpanChoices } from "../charts/span_choices.tsx";
import { ShareBar } from "../charts/share_bar.tsx";
import { capitalized, formatCount, formatDuration } from "../../base/format.ts";
import type { Span } from "../charts/time_window.ts";
import { SAMPLED } from "../spans.ts";
import { Badge, Cut, Empty, Figure, Foreign, Section, Table, Time } from "../parts.tsx";
import { AGENT_COLUMNS, AgentRow, agentShares } from "./agent_parts.tsx";

const MAX_STALE = 5;
const NONE = "only the node that leads follows status";
const EARLIER = "from an earlier term";
const MAX_PORTS = 6;
const MAX_STATUSES = 8;

/** Lag and queue over a span of time. */
export function PastSection({ samples, span, href, now }: {
  samples: Samples;
  span: Span;
  /** Where this section shows another one. */
  href(span: Span): string;
  now: number;
}) {
  const { at, lagMs, queued } = samples;
  const charts = [
    ["chart-lag", "Agent status lag", lagMs, formatDuration, LAG_MS],
    ["chart-queue", "Port reports waiting", queued, formatCount, LONG_QUEUE],
  ] as const;
  return (
    <Section id="past" title={`The last ${SAMPLED[span].words}`}>
      <SpanChoices chosen={span} href={href} />
      <div class="charts">
        {charts.map(([id, name, values, format, limit]) => (
          <LineChart
            {...{ id, name, format, limit, now }}
            span={SAMPLED[span]}
            series={{ at, values }}
            none={NONE}
          />
        ))}
      </div>
    </Section>
  );
}

/** The agents by freshness, and the stalest. */
export function AgentsSection({ status }: { status: Status }) {
  const { agents, isMaster, at: now } = status;
  const { gone = 0, unserved = 0, hosts = [] } = agents?.absent ?? {};
  if (!agents || agents.total + gone + unserved === 0) {
    const none = isMaster
      ? "No agent yet: each host shows here as soon as its Felix writes a status to etcd."
      : "Nothing here on a standby: the master reports the agents. Open its page.";
    return <Section id="agents" title="Felix agents" none={none} />;
  }
  const late = agents.agents.filter(({ time }) => freshness(time, now) !== "fresh");
  const worst = [...hosts, ...late].slice(0, MAX_STALE);
  const counts = { ...agents.byFreshness, ...agents.absent ? { gone, unserved } : {} };
  return (
    <Section id="agents" title="Felix agents" note={agentsNow(status) ? undefined : EARLIER}>
      <dl class="figures">
        <Figure name="Known">{formatCount(agents.total)}</Figure>
        <Figure name="Lag, median">{lagText(agents.lagMs)}</Figure>
        <Figure name="Lag, most">{lagText(agents.maxLagMs)}</Figure>
        <Figure name="Reported">{formatCount(agents.reported)}</Figure>
        <Figure name="Failed">{formatCount(agents.failed)}</Figure>
      </dl>
      <ShareBar id="freshness" shares={agentShares(counts)} />
      {worst.length === 0 ? null : (
        <Table
          id="agents-table"
          caption="Hosts without an agent, and the agents that have been silent for longest"
          columns={AGENT_COLUMNS}
        >
          {worst.map((agent) => <AgentRow agent={agent} now={now} />)}
        </Table>
      )}
      <p class="links">
        <a href="/agents">All agents</a>
      </p>
    </Section>
  );
}

function lagText(ms: number | null): string {
  return ms === null ? "–" : formatDuration(ms);
}

/** Port status as last reported. */
export function PortsSection({ status }: { status: Status }) {
  const { ports, isMaster, at: now } = status;
  if (!ports) {
    const none = isMaster
      ? "No port status yet: it shows here as soon as Felix writes an endpoint's status."
      : "Nothing here on a standby: the master reports port status. Open its page.";
    return <Section id="ports" title="Port status" none={none} />;
  }
  const statuses = Object.entries(ports.byStatus).sort((a, b) => b[1] - a[1]);
  return (
    <Section id="ports" title="Port status" note={portsNow(status) ? undefined : EARLIER}>
      <dl class="figures">
        <Figure name="Known">{formatCount(ports.total)}</Figure>
        {statuses.slice(0, MAX_STATUSES).map(([status, n]) => (
          <Figure name={<Cut of={status} max={20} wrap />}>{formatCount(n)}</Figure>
        ))}
        <Figure name="Differ from Neutron">
          <a href="/ports">{formatCount(ports.differing ?? ports.queued)}</a>
        </Figure>
        <Figure name="Reported">{formatCount(ports.reported)}</Figure>
        <Figure name="Failed">{formatCount(ports.failed)}</Figure>
      </dl>
      <ComparisonLine comparison={portsNow(status) ? ports.comparison : undefined} />
      <LatestPorts ports={ports} now={now} max={MAX_PORTS} />
      <p class="links">
        <a href="/ports">Ports that differ from Neutron</a>
      </p>
    </Section>
  );
}

/** How far ports are compared with Neutron, and what that has found in this term. */
export function ComparisonLine({ comparison }: { comparison: Ports["comparison"] }) {
  const text = comparisonText(comparison);
  if (!comparison || text === null) return null;
  const { found, accepted } = comparison;
  return (
    <p class="quiet">
      {capitalized(text)}
      {found > 0
        ? `; differences found since this node leads: ${formatCount(found)}, and ${
          formatCount(accepted)
        } reports of them taken`
        : ""}.
    </p>
  );
}

/** The latest reports of port status. */
export function LatestPorts({ ports, now, max }: { ports: Ports; now: number; max: number }) {
  if (ports.recent.length === 0) return <Empty>No report yet.</Empty>;
  return (
    <Table
      id="ports-table"
      caption="Latest reports of port status"
      columns={["Time", "Status", "Port", "Host", "Neutron told"]}
    >
      {ports.recent.slice(0, max).map((port) => <PortRow port={port} now={now} />)}
    </Table>
  );
}

function PortRow({ port, now }: { port: Ports["recent"][number]; now: number }) {
  return (
    <tr>
      <td>
        <Time at={port.at} now={now} />
      </td>
      <td>
        <PortBadge status={port.status} gone={port.gone} />
      </td>
      <td class="id">
        <Cut of={port.port} max={64} />
      </td>
      <td>
        <Cut of={port.host} max={63} />
      </td>
      <td>
        {port.reported ? toldStatus(port.status) : <Badge level="warn" word="not yet" />}
      </td>
    </tr>
  );
}

/** A port's status in Calico's words; an endpoint that has vanished is "gone", and no error. */
export function PortBadge({ status, gone }: { status: string; gone?: boolean }) {
  if (gone) return <Badge level="info" word="gone" />;
  const level = status === "ERROR" ? "error" : status === "ACTIVE" ? "ok" : "info";
  return <Badge level={level} word={<Foreign of={status} max={20} />} />;
}
