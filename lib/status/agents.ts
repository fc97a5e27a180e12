/** What is known of every Felix agent. @module */
import { clip } from "../base/clip.ts";
import type { Agent, FreshnessCounts } from "../state/records.ts";
import type { AgentStatus } from "./felix_status.ts";
import { countFreshness } from "./freshness.ts";
import { HostClock } from "./host_clock.ts";
import { MAX_NAME_CHARS } from "./names.ts";

interface KnownAgent {
  status: AgentStatus;
  /** When Neutron last took a report, ms since the epoch. */
  reportedAt: number | null;
  /** An update with `first_update` is not reported yet; a newer one must not hide it. */
  starts: boolean;
  readonly clock: HostClock;
  /** When it wrote that, monotonic ms of our clock, as far as known. */
  writtenAt: number;
}

/** How a status was seen. */
export interface Sight {
  /** As it was written, rather than in a snapshot. */
  readonly live: boolean;
  /** Our time, ms since the epoch and monotonic ms. */
  readonly now: number;
  readonly monotonic: number;
}

/** The agents of a region, by host. */
export class Agents {
  readonly #agents = new Map<string, KnownAgent>();

  get size(): number {
    return this.#agents.size;
  }

  /** The agent has written a status. */
  seen(host: string, status: AgentStatus, { live, now, monotonic }: Sight): void {
    const before = this.#agents.get(host);
    const { reportedAt = null, clock = new HostClock() } = before ?? {};
    const starts = status.firstUpdate || (before?.starts ?? false);
    const age = clock.ageOf(status.time === null ? null : now - status.time, live, monotonic);
    this.#agents.set(host, { status, reportedAt, starts, clock, writtenAt: monotonic - age });
  }

  /** How long ago the agent has written its status, ms; Infinity when that is not known or there is none. */
  ageOf(host: string, monotonic: number): number {
    return monotonic - (this.#agents.get(host)?.writtenAt ?? -Infinity);
  }

  /** The agent's status is gone. */
  gone(host: string): void {
    this.#agents.delete(host);
  }

  /** Whether the report that is made now has to say that the agent has started; asked once. */
  takeStart(host: string): boolean {
    const agent = this.#agents.get(host);
    if (!agent?.starts) return false;
    agent.starts = false;
    return true;
  }

  /** That report has failed: the next one has to say it. */
  returnStart(host: string): void {
    const agent = this.#agents.get(host);
    if (agent) agent.starts = true;
  }

  /** Neutron has taken a report. */
  reported(host: string, now: number): void {
    const agent = this.#agents.get(host);
    if (agent) agent.reportedAt = now;
  }

  /** How many are how fresh. */
  byFreshness(now: number): FreshnessCounts {
    return countFreshness([...this.#agents.values()].map(({ status }) => status), now);
  }

  /**
   * The stalest ones first, at most `max`; those without a time that can be read before all others.
   * `endpoints`: how many there are on each host, where that is known.
   */
  stalest(max: number, endpoints?: ReadonlyMap<string, number> | null): Agent[] {
    const age = ({ status }: KnownAgent) => status.time ?? -Infinity;
    return [...this.#agents].sort(([, a], [, b]) => age(a) - age(b)).slice(0, max)
      .map(([host, { status: { time, uptimeSeconds }, reportedAt }]) => ({
        host: clip(host, MAX_NAME_CHARS),
        time,
        uptimeSeconds,
        reportedAt,
        ...endpoints ? { endpoints: endpoints.get(host) ?? 0 } : {},
      }));
  }
}
