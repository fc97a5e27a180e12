/** Felix agents where they are shown: one as a row, all as shares. Pure. @module */
import type { Absent, Agent } from "../../state/records.ts";
import { formatCount, formatDuration } from "../../base/format.ts";
import { type AgentState, agentState } from "../../status/freshness.ts";
import type { Share } from "../charts/share_bar.tsx";
import { Badge, Cut, Foreign, Table, Time } from "../parts.tsx";

/** The groups with their words, as shares of all hosts; what is not known has none. */
export function agentShares(counts: Partial<Record<AgentState, number>>): Share[] {
  const groups = [
    ["fresh", "fresh", "ok", "✓"],
    ["late", "late (over 75 s)", "info", "•"],
    ["stale", "stale (over 5 min)", "warn", "▲"],
    ["unreadable", "unreadable", "error", "✕"],
    ["gone", "gone", "error", "✕"],
    ["unserved", "endpoints without a Felix", "error", "✕"],
  ] as const;
  return groups.filter(([group]) => counts[group] !== undefined).map((
    [group, name, level, symbol],
  ) => ({
    name,
    count: counts[group]!,
    level,
    symbol,
    href: `/agents?state=${group}`,
  }));
}

const BADGES: Readonly<Record<AgentState, "ok" | "info" | "warn" | "error">> = {
  fresh: "ok",
  late: "info",
  stale: "warn",
  unreadable: "error",
  gone: "error",
  unserved: "error",
};

/** The columns of {@linkcode AgentRow}. */
export const AGENT_COLUMNS = [
  "Host",
  "State",
  "Felix's status",
  "Felix up",
  "Reported",
  "Endpoints",
] as const;

/** One agent, or a host without one. */
export function AgentRow({ agent, now }: { agent: Agent; now: number }) {
  const { host, time, uptimeSeconds, reportedAt, absentSince, near = [], endpoints } = agent;
  const state = agentState(agent, now);
  return (
    <tr>
      <th scope="row">
        <Cut of={host} max={120} />
        {near.length === 0 ? null : (
          <span class="quiet">
            , like {near.map((name, i) => (
              <>
                {i > 0 ? ", " : ""}
                <Foreign of={name} max={63} />
              </>
            ))}
          </span>
        )}
      </th>
      <td>
        <Badge level={BADGES[state]} word={state} />
      </td>
      <td>
        {absentSince === undefined ? null : (
          <>
            none since <Time at={absentSince} now={now} />
          </>
        )}
        {absentSince === undefined && time === null ? "–" : null}
        {time === null ? null : <Time at={time} now={now} age />}
      </td>
      <td>{uptimeSeconds === null ? "–" : formatDuration(roughly(uptimeSeconds) * 1000)}</td>
      <td>
        {reportedAt === null
          ? (agent.absent ? "–" : "not yet")
          : <Time at={reportedAt} now={now} />}
      </td>
      <td>{endpoints === null || endpoints === undefined ? "–" : formatCount(endpoints)}</td>
    </tr>
  );
}

/** Live migrations that lead to a host without an agent, of which there are some. */
export function StrandedMigrations({ stranded, now }: {
  stranded: Absent["stranded"];
  now: number;
}) {
  return (
    <>
      <p>
        Live migrations lead to hosts without an agent ({formatCount(stranded.total)}): bring the
        host back, or clear <code>migrating_to</code> in the port's binding profile.
      </p>
      <Table
        id="stranded-migrations"
        caption="Live migrations to hosts without an agent, the oldest first"
        columns={["Port", "To", "Since"]}
      >
        {stranded.first.map(({ host, port, since }) => (
          <tr>
            <th scope="row" class="id">
              <Foreign of={port} max={64} />
            </th>
            <td>
              <Cut of={host} max={120} />
            </td>
            <td>
              <Time at={since} now={now} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

/** Whole minutes once there are any. */
function roughly(seconds: number): number {
  return seconds < 60 ? seconds : Math.floor(seconds / 60) * 60;
}
