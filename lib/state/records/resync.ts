/** Resyncs: what they did and found. @module */
import { z } from "zod";
import { count, ms } from "./fields.ts";

/** Counts of one kind of object in a resync. */
export const kindCountsSchema = z.object({
  etcdReadMs: ms,
  neutronReadMs: ms,
  compareMs: ms,
  writeMs: ms,
  etcdItems: count,
  neutronItems: count,
  correct: count,
  created: count,
  updated: count,
  deleted: count,
  conflicts: count,
});
export type KindCounts = z.infer<typeof kindCountsSchema>;

/** Why a run changed nothing of one collection of Neutron's (or Keystone's), though a list lacked objects. */
export const guardSchema = z.object({
  /** As in the path of its URL: "ports", "security-groups", "qos/policies", "projects". */
  collection: z.string(),
  /**
   * `empty`: the list was, where there were some; `many`: more are gone than `max_deletions` allows;
   * `hidden`: what is listed names objects that Neutron does not show; `unconfirmed`: asked by id, Neutron
   * did not say for certain that they are gone.
   */
  why: z.enum(["empty", "many", "hidden", "unconfirmed"]),
  /** Objects of that kind that etcd holds or shows. */
  held: count,
  /** Objects that would have been deleted, or that endpoints would not have shown any more. */
  lost: count,
  /** Ids of ten of them. */
  names: z.array(z.string()).max(10),
});
export type Guard = z.infer<typeof guardSchema>;

/** Objects that a run left as they are in etcd, because something is wrong with them alone. */
export const leftOutSchema = z.object({
  /**
   * `not-understood`: Neutron's record is not of its shape; `too-large`: etcd does not take it;
   * `bad-key`: no key can be made of its names, or etcd has a key that cannot be removed;
   * `not-expressible`: a part of one, such as a rule, that Calico has no form for, so that it is left out;
   * `outside-subnets`: an allowed address that is written, though no subnet of the cloud has it.
   */
  why: z.enum(["not-understood", "too-large", "bad-key", "not-expressible", "outside-subnets"]),
  /** Neutron's collection. */
  collection: z.string(),
  total: count,
  /** Ten of them, each with what is wrong. */
  names: z.array(z.string()).max(10),
});
export type LeftOut = z.infer<typeof leftOutSchema>;

/** What a run tells of itself: a record of the history and the answer to a request alike. */
export const resyncAccount = {
  /** By kind: "NetworkPolicy", "WorkloadEndpoint", "LiveMigration", "Subnet". */
  kinds: z.record(z.string(), kindCountsSchema),
  warnings: z.array(z.string()),
  /** Collections of which nothing was deleted, each with why. */
  guards: z.array(guardSchema).max(20).default([]),
  leftOut: z.array(leftOutSchema).max(20).default([]),
};

/** One resync: running when `endedAt` is null. */
export const resyncSchema = z.object({
  /** Unique in this node's history; a part of URLs and file names. */
  id: z.string().regex(/^[a-z0-9]{1,20}$/),
  startedAt: ms,
  endedAt: ms.nullable(),
  /** Why it ran: see `RunReason` in `lib/sync/report/record.ts`. */
  reason: z.string(),
  /** Everything was compared; else only what was asked for, or what had changed. */
  whole: z.boolean().default(true),
  /** Nothing was written, whatever differed. */
  dryRun: z.boolean().default(false),
  /** 1: the first; 3: the two before it, in a row, have failed. */
  attempt: z.number().int().positive().default(1),
  /** How the one before it failed, a sentence; null: that did not fail. */
  failureBefore: z.string().nullable().default(null),
  /** The step that it takes while it runs, see `lib/sync/apply/step.ts`; absent: none yet, or it is over. */
  step: z.string().optional(),
  /** Null when it succeeded or still runs. */
  error: z.string().nullable(),
  ...resyncAccount,
  /** Differences that were found, and how many of them are kept to be looked at. */
  differences: count.optional(),
  differencesKept: count.optional(),
  /** Size of those that are kept, about. */
  differencesBytes: count.optional(),
  /** It took much longer than such runs before it. */
  slow: z.boolean().optional(),
});
export type Resync = z.infer<typeof resyncSchema>;

/** The step that a running resync takes. */
export const resyncStepSchema = z.object({ id: z.string(), step: z.string() });
export type ResyncStep = z.infer<typeof resyncStepSchema>;

/** Whether a run has compared everything and come to its end. */
export function comparedAll({ whole, endedAt, error }: Resync): boolean {
  return whole && endedAt !== null && error === null;
}

/** Resyncs that are kept. */
export const MAX_RESYNCS = 50;
/** The resource syncer's history, newest first. */
export const resyncsSchema = z.array(resyncSchema).max(MAX_RESYNCS);
