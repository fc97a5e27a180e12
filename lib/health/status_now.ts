/**
 * What the status watchers and the resource syncer have found in this node's term. They write their records again when they have begun;
 * until then, and on a standby, what an earlier term left says nothing of now. Pure.
 *
 * @module
 */
import type { Agents, Ports, RoundsRecord } from "../state/records.ts";
import type { Facts } from "./facts.ts";

type Now = Pick<Facts, "isMaster" | "since">;

/** Felix's agents; null: not known yet, or not by this node. */
export function agentsNow({ agents, ...now }: Now & Pick<Facts, "agents">): Agents | null {
  return ofTerm(agents, now);
}

/** Port status; null as above. */
export function portsNow({ ports, ...now }: Now & Pick<Facts, "ports">): Ports | null {
  return ofTerm(ports, now);
}

/** How comparing goes; null as above. */
export function roundsNow({ rounds, ...now }: Now & Pick<Facts, "rounds">): RoundsRecord | null {
  return ofTerm(rounds ?? null, now);
}

function ofTerm<T extends { readonly at: number }>(record: T | null, now: Now): T | null {
  return record !== null && now.isMaster && record.at >= (now.since ?? 0) ? record : null;
}
