// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/**
 * The sections on roles, agents, ports and events: pure, bounded, with words for what colours say.
 *
 * @module
 */
import { isStale } from "../status/freshness.ts";
import type { Agents, Ports } from "../state_records.ts";
import { clip, formatCount, formatDuration, plural } from "./format.ts";
import { Badge, Empty, Figure, Scroll, Section, Time } from "./parts.tsx";
import type { RoleStatus, SourcedEvent } from "./status_schema.ts";

const MAX_AGENTS = 50;
const MAX_PORTS = 20;
const MAX_EVENTS = 40;
const MAX_STATUSES = 8;
/** A sign of life this fresh is "just now": it comes every second, and is no news. */
const FRESH_MS = 5000;

/** The roles: a table on wide screens, cards on narrow ones. */
export function RolesSection({ roles, now }: { roles: readonly RoleStatus[]; now: number }) {
  const columns = ["Role", "State", "PID", "Up since", "Restarts", "Sign of life", "Doing"];
  return (
    <Section id="roles" title="Roles">
      <table class="cards">
        <caption class="hidden">This node's processes</caption>
        <thead>
          <tr>{columns.map((name) => <th scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>{roles.map((role) => <RoleRow role={role} now={now} />)}</tbody>
      </table>
    </Section>
  );
}

function RoleRow({ role, now }: { role: RoleStatus; now: number }) {
  const { process, alive, silentMs } = role;
  const word = process?.state ?? "not started";
  return (
    <tr class={role.level}>
      <th scope="row">{role.name}</th>
      <td data-label="State">
        <Badge level={role.level} word={word} />
      </td>
      <td data-label="PID" class="number">{process?.pid ?? "–"}</td>
      <td data-label="Up since">
        {process?.state === "running" && process.startedAt !== null
          ? <Time at={process.startedAt} now={now} age />
          : "–"}
      </td>
      <td data-label="Restarts" class={process?.restarts ? "number changed" : "number zero"}>
        {formatCount(process?.restarts ?? 0)}
      </td>
      <td data-label="Sign of life">
        {silentMs === null
          ? "none yet"
          : silentMs <= FRESH_MS
          ? "just now"
          : <Time at={alive!.at} now={now} age />}
      </td>
      <td data-label="Doing" class="wide">
        {alive && process?.state === "running" ? clip(alive.doing, 80) : "–"}
        {role.problem ? <span class="problem">{clip(role.problem, 300)}</span> : null}
        {process?.state === "backoff" && process.nextStartAt !== null
          ? (
            <span>
              next start <Time at={process.nextStartAt} now={now} />
            </span>
          )
          : null}
        {process?.state !== "backoff" && process?.lastEnd && process.restarts > 0
          ? <span class="quiet">ended last: {clip(process.lastEnd, 200)}</span>
          : null}
      </td>
    </tr>
  );
}

/** The agents, stale ones first. */
export function AgentsSection({ agents, isMaster, now }: {
  agents: Agents | null;
  isMaster: boolean;
  now: number;
}) {
  if (!agents || agents.total === 0) {
    return (
      <Section id="agents" title="Felix agents">
        <Empty>
          {isMaster
            ? "No agent yet: each host shows here as soon as its Felix writes a status to etcd."
            : "Nothing here on a standby: the master reports the agents."}
        </Empty>
      </Section>
    );
  }
  const sorted = agents.agents
    .toSorted((a, b) => (a.time ?? -Infinity) < (b.time ?? -Infinity) ? -1 : 1);
  const stale = agents.byFreshness.stale + agents.byFreshness.unreadable;
  return (
    <Section id="agents" title="Felix agents" note={isMaster ? undefined : "from an earlier term"}>
      <dl class="figures">
        <Figure name="Known">{formatCount(agents.total)}</Figure>
        <Figure name="Stale" level={stale > 0 ? "warn" : undefined}>{formatCount(stale)}</Figure>
        <Figure name="Lag">
          {agents.lagMs === null ? "–" : formatDuration(Math.max(0, agents.lagMs))}
        </Figure>
        <Figure name="Reported">{formatCount(agents.reported)}</Figure>
        <Figure name="Failed">{formatCount(agents.failed)}</Figure>
      </dl>
      <Scroll id="agents-table" label="Felix agents, the stalest first">
        <table>
          <caption class="hidden">Felix agents, the stalest first</caption>
          <thead>
            <tr>
              {["Host", "State", "Felix's status", "Felix up", "Reported"].map((name) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, MAX_AGENTS).map((agent) => <AgentRow agent={agent} now={now} />)}
          </tbody>
        </table>
      </Scroll>
      <More total={agents.total} shown={Math.min(MAX_AGENTS, sorted.length)} />
    </Section>
  );
}

function AgentRow({ agent, now }: { agent: Agents["agents"][number]; now: number }) {
  const { host, time, uptimeSeconds, reportedAt } = agent;
  const stale = isStale(time, now);
  return (
    <tr>
      <th scope="row">{clip(host, 120)}</th>
      <td>
        {time === null
          ? <Badge level="warn" word="unreadable" />
          : <Badge level={stale ? "warn" : "ok"} word={stale ? "stale" : "fresh"} />}
      </td>
      <td>{time === null ? "–" : <Time at={time} now={now} age />}</td>
      <td>{uptimeSeconds === null ? "–" : formatDuration(roughly(uptimeSeconds) * 1000)}</td>
      <td>{reportedAt === null ? "not yet" : <Time at={reportedAt} now={now} />}</td>
    </tr>
  );
}

/** Whole minutes once there are any. */
function roughly(seconds: number): number {
  return seconds < 60 ? seconds : Math.floor(seconds / 60) * 60;
}

/** Port status as last reported. */
export function PortsSection({ ports, isMaster, now }: {
  ports: Ports | null;
  isMaster: boolean;
  now: number;
}) {
  if (!ports) {
    return (
      <Section id="ports" title="Port status">
        <Empty>
          {isMaster
            ? "No port status yet: it shows here as soon as Felix writes an endpoint's status."
            : "Nothing here on a standby: the master reports port status."}
        </Empty>
      </Section>
    );
  }
  const statuses = Object.entries(ports.byStatus).sort((a, b) => b[1] - a[1]);
  return (
    <Section id="ports" title="Port status" note={isMaster ? undefined : "from an earlier term"}>
      <dl class="figures">
        <Figure name="Known">{formatCount(ports.total)}</Figure>
        {statuses.slice(0, MAX_STATUSES).map(([status, n]) => (
          <Figure name={clip(status, 20)}>{formatCount(n)}</Figure>
        ))}
        <Figure name="Waiting">{formatCount(ports.queued)}</Figure>
        <Figure name="Reported">{formatCount(ports.reported)}</Figure>
        <Figure name="Failed">{formatCount(ports.failed)}</Figure>
      </dl>
      {ports.recent.length === 0
        ? <Empty>No change yet.</Empty>
        : (
          <Scroll id="ports-table" label="Latest changes of port status">
            <table>
              <caption class="hidden">Latest changes of port status</caption>
              <thead>
                <tr>
                  {["Time", "Status", "Port", "Host", "Neutron told"].map((name) => (
                    <th scope="col">{name}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {ports.recent.slice(0, MAX_PORTS).map((port) => <PortRow port={port} now={now} />)}
              </tbody>
            </table>
          </Scroll>
        )}
    </Section>
  );
}

function PortRow({ port, now }: { port: Ports["recent"][number]; now: number }) {
  const level = port.status === "ERROR" ? "error" : port.status === "ACTIVE" ? "ok" : "info";
  return (
    <tr>
      <td>
        <Time at={port.at} now={now} />
      </td>
      <td>
        <Badge level={level} word={clip(port.status, 20)} />
      </td>
      <td class="id">{clip(port.port, 64)}</td>
      <td>{clip(port.host, 63)}</td>
      <td>{port.reported ? "yes" : <Badge level="warn" word="not yet" />}</td>
    </tr>
  );
}

/** What happened, newest first. */
export function EventsSection({ events, now }: { events: readonly SourcedEvent[]; now: number }) {
  return (
    <Section id="events" title="Latest events">
      {events.length === 0
        ? <Empty>Nothing yet: starts, ends and changes of mastership show here.</Empty>
        : (
          <ol class="events">
            {events.slice(0, MAX_EVENTS).map((event) => (
              <li>
                <Time at={event.at} now={now} />
                <Badge level={event.level} word={event.level} />
                <span class="source">{clip(event.source, 40)}</span>
                <span class="message">{clip(event.message, 500)}</span>
              </li>
            ))}
          </ol>
        )}
    </Section>
  );
}

function More({ total, shown }: { total: number; shown: number }) {
  return total > shown
    ? <p class="quiet">{plural(total - shown, "more agent")} not shown.</p>
    : null;
}
