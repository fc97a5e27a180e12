/**
 * What holds now, out of the history of resyncs: what is kept from being deleted, which objects are left as
 * they are, and whether this node only watches. Pure.
 *
 * @module
 */
import { z } from "zod";
import {
  comparedAll,
  type Guard,
  guardSchema,
  leftOutSchema,
  type Resync,
} from "../state/records.ts";
import type { Facts, Level } from "./facts.ts";

/** The run that said it last, as the history names it. */
const resync = z.string();

/** What holds now. Of a node that is not master: nothing. */
export const heldSchema = z.object({
  /** By collection, the gravest first. */
  guards: z.array(guardSchema.extend({ resync })),
  /** By collection and reason, most objects first. */
  leftOut: z.array(leftOutSchema.extend({ resync })),
  /** Null: this node writes what differs. */
  watching: z.object({
    /** What the last comparison found; null: there was none yet. */
    differences: z.number().int().nonnegative().nullable(),
  }).nullable(),
});
export type Held = z.infer<typeof heldSchema>;
export type HeldGuard = Held["guards"][number];
export type HeldLeftOut = Held["leftOut"][number];

/** Gravest first: what only an operator can end. */
const GRAVITY = { hidden: 0, empty: 1, many: 2, unconfirmed: 3 } as const;

/** How grave it is that a guard holds: all but what the next resync asks again waits for somebody. */
export function guardLevel({ why }: Pick<Guard, "why">): Exclude<Level, "ok"> {
  return why === "unconfirmed" ? "warn" : "error";
}

/** What holds now. Of a node that is not master: nothing. */
export function heldNow(
  facts: Pick<Facts, "isMaster" | "since" | "watches" | "resyncs">,
): Held {
  if (!facts.isMaster) return { guards: [], leftOut: [], watching: null };
  const { resyncs, watches, since } = facts;
  // What was only compared, in an earlier term, says nothing of what writing runs hold back.
  if (!watches) return { ...standing(resyncs.filter(({ dryRun }) => !dryRun)), watching: null };
  const last = resyncs.find((run) =>
    run.dryRun && comparedAll(run) && run.startedAt >= (since ?? 0)
  );
  return { ...standing(resyncs), watching: { differences: last?.differences ?? null } };
}

/**
 * What a history of runs, newest first, says of what is held back and left, whoever is master. A run that
 * compared everything says all there is; one that looked at a part adds to it, and lifts nothing. What
 * failed says nothing.
 */
export function standing(resyncs: readonly Resync[]): Pick<Held, "guards" | "leftOut"> {
  const guards = new Map<string, HeldGuard>();
  const leftOut = new Map<string, HeldLeftOut>();
  for (const run of resyncs) {
    if (run.endedAt === null || run.error !== null) continue;
    for (const guard of run.guards) {
      if (!guards.has(guard.collection)) {
        guards.set(guard.collection, { ...guard, resync: run.id });
      }
    }
    for (const left of run.leftOut) {
      const name = `${left.why} ${left.collection}`;
      if (!leftOut.has(name)) leftOut.set(name, { ...left, resync: run.id });
    }
    if (comparedAll(run)) break;
  }
  return {
    guards: [...guards.values()].sort((a, b) => GRAVITY[a.why] - GRAVITY[b.why] || b.lost - a.lost),
    leftOut: [...leftOut.values()].sort((a, b) => b.total - a.total),
  };
}
