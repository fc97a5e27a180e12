/** Felix agents where they are shown: one as a row, all as shares. Pure. @module */
import type { Agent, Agents } from "../../state/records.ts";
import { clip } from "../../base/clip.ts";
import { formatDuration } from "../../base/format.ts";
import { type Freshness, freshness } from "../../status/freshness.ts";
import type { Share } from "../charts/share_bar.tsx";
import { Badge, Time } from "../parts.tsx";

/** The groups with their words, as shares of all agents. */
export function freshnessShares({ byFreshness }: Pick<Agents, "byFreshness">): Share[] {
  const groups = [
    ["fresh", "fresh", "ok", "✓"],
    ["late", "late (over 75 s)", "info", "•"],
    ["stale", "stale (over 5 min)", "warn", "▲"],
    ["unreadable", "unreadable", "error", "✕"],
  ] as const;
  return groups.map(([group, name, level, symbol]) => ({
    name,
    count: byFreshness[group],
    level,
    symbol,
    href: `/agents?state=${group}`,
  }));
}

const BADGES: Readonly<Record<Freshness, "ok" | "info" | "warn" | "error">> = {
  fresh: "ok",
  late: "info",
  stale: "warn",
  unreadable: "error",
};

/** One agent. */
export function AgentRow({ agent, now }: { agent: Agent; now: number }) {
  const { host, time, uptimeSeconds, reportedAt } = agent;
  const state = freshness(time, now);
  return (
    <tr>
      <th scope="row">{clip(host, 120)}</th>
      <td>
        <Badge level={BADGES[state]} word={state} />
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
