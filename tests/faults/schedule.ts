/** Faults drawn from a seed. Pure: the same seed gives the same faults. @module */
import type { Random } from "../../lab/random.ts";
import type { Part } from "./fault_node.ts";
import type { ProxyMode } from "./proxy.ts";
import { TTL_SECONDS } from "./setup.ts";

/** One thing that goes wrong; `node` and `member` are indices. */
export type Fault =
  | { readonly do: "kill"; readonly node: number; readonly parts: readonly Part[] }
  | { readonly do: "hold-down"; readonly node: number; readonly parts: readonly Part[] }
  | {
    readonly do: "pause";
    readonly node: number;
    readonly parts: readonly Part[];
    readonly ms: number;
  }
  | {
    readonly do: "network";
    readonly node: number;
    readonly mode: ProxyMode;
    readonly member?: number;
  }
  | { readonly do: "kill-etcd"; readonly member: number }
  /** Every member is stopped in order and started again, so many times. */
  | { readonly do: "roll-etcd"; readonly times: number }
  /** No token of a user is good any more; without users nothing happens. */
  | { readonly do: "end-tokens" }
  /** A manager that stands still for so long beside its successor. */
  | { readonly do: "orphan"; readonly node: number; readonly ms: number }
  | { readonly do: "step-clock"; readonly node: number; readonly ms: number }
  | { readonly do: "compact" };

/** A fault and how long after the one before it comes. */
export interface Scheduled {
  readonly afterMs: number;
  readonly fault: Fault;
}

const KINDS = [
  "kill",
  "hold-down",
  "pause",
  "pause",
  "orphan",
  "network",
  "network",
  "kill-etcd",
  "roll-etcd",
  "end-tokens",
  "step-clock",
  "step-clock",
  "compact",
] as const;
const PART_SETS: readonly (readonly Part[])[] = [["manager"], ["writer"], ["manager", "writer"]];
const MODES: readonly ProxyMode[] = ["refuse", "drop", "half", "delay"];
const SIZE = 3;
const MAX_FAULTS = 5;
const MAX_ROLLS = 3;

/** The faults of one round: one to five, up to a few seconds apart. */
export function drawRound(random: Random): Scheduled[] {
  const count = 1 + random.below(MAX_FAULTS);
  return Array.from({ length: count }, () => ({
    afterMs: random.below(2500),
    fault: drawFault(random),
  }));
}

function drawFault(random: Random): Fault {
  const node = random.below(SIZE);
  const kind = random.pick(KINDS);
  switch (kind) {
    case "kill":
    case "hold-down":
      return { do: kind, node, parts: random.pick(PART_SETS) };
    case "pause": {
      // Shorter than the TTL, or longer than it.
      const ms = 500 + random.below(2000) + (random.below(2) ? TTL_SECONDS * 1000 : 0);
      return { do: kind, node, parts: random.pick(PART_SETS), ms };
    }
    case "orphan":
      return { do: kind, node, ms: 500 + random.below(TTL_SECONDS * 1000) };
    case "network": {
      const all = random.below(2) === 0;
      return {
        do: kind,
        node,
        mode: random.pick(MODES),
        member: all ? undefined : random.below(SIZE),
      };
    }
    case "kill-etcd":
      return { do: kind, member: random.below(SIZE) };
    case "roll-etcd":
      return { do: kind, times: 1 + random.below(MAX_ROLLS) };
    case "step-clock": {
      const ms = 300 + random.below(random.pick([1500, 20_000]));
      return { do: kind, node, ms: random.below(2) ? ms : -ms };
    }
    case "end-tokens":
    case "compact":
      return { do: kind };
  }
}
