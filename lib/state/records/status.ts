/** What the status watchers and the page's process count. @module */
import { z } from "zod";
import type { SlowReason } from "../../openstack/pace.ts";
import { count, ms } from "./fields.ts";

/** One Felix agent, or a host that has none now. */
export const agentSchema = z.object({
  host: z.string(),
  /** `time` of the status value, ms since the epoch; null when it could not be read. */
  time: ms.nullable(),
  uptimeSeconds: z.number().nullable(),
  reportedAt: ms.nullable(),
  /** Endpoints that its ports want, see `lib/sync/endpoint_hosts.ts`; null: not known. */
  endpoints: count.nullable().optional(),
  /** Why there is no status in etcd: there was one, or endpoints are there all the same. */
  absent: z.enum(["gone", "unserved"]).optional(),
  /** Since when it is absent at the latest, ms since the epoch. */
  absentSince: ms.optional(),
  /** Agents whose names are like that of an unserved host, the nearest first. */
  near: z.array(z.string()).max(3).optional(),
});
export type Agent = z.infer<typeof agentSchema>;

/** Agents by the age of their status at `at`, see `lib/status/freshness.ts`. */
const freshnessSchema = z.object({
  fresh: count,
  late: count,
  stale: count,
  unreadable: count,
});
export type FreshnessCounts = z.infer<typeof freshnessSchema>;

/** Hosts without a status of Felix's in etcd, and what waits there. */
export const absentSchema = z.object({
  /** Hosts of which there was a status. */
  gone: count,
  /** Hosts with endpoints, of which none is known to have been there. */
  unserved: count,
  /** Endpoints on either. */
  goneEndpoints: count,
  unservedEndpoints: count,
  /** Hosts that were seen, by an earlier watcher or before a gap, and may write again: nobody says yet that they are gone. */
  awaited: count.optional(),
  /** The first of either sort. */
  hosts: z.array(agentSchema).max(10),
  /** Live migrations that lead to a host without a status, for longer than they should. */
  stranded: z.object({
    total: count,
    /** Those that have stood longest; `since` is when the migration began, ms since the epoch. */
    first: z.array(z.object({ host: z.string(), port: z.string(), since: ms })).max(20),
  }),
});
export type Absent = z.infer<typeof absentSchema>;

/** A broker that is there and takes no messages. */
export const busBlockedSchema = z.object({
  /** In the broker's words. */
  reason: z.string(),
  since: ms,
});
export type BusBlocked = z.infer<typeof busBlockedSchema>;

/** Felix agents in short; all of them are in a file, see `lib/status/agents_file.ts`. */
export const agentsSchema = z.object({
  at: ms,
  total: count,
  /** Of all agents. */
  byFreshness: freshnessSchema,
  reported: count,
  failed: count,
  /** Reports that were not sent, since what Felix had said was too old. */
  dropped: count.optional(),
  /** Null: the broker takes reports, or there is no connection. */
  blocked: busBlockedSchema.nullable().optional(),
  /** Age of what Felix said when it was seen, ms: of the last live updates the median and the most. */
  lagMs: z.number().nullable(),
  maxLagMs: z.number().nullable(),
  /** Since when etcd has been seen without a gap, ms since the epoch; null: it is not seen now. */
  seenSince: ms.nullable().optional(),
  /** Left out: not known yet. */
  absent: absentSchema.optional(),
  /** The stalest. */
  agents: z.array(agentSchema).max(50),
});
export type Agents = z.infer<typeof agentsSchema>;

/** How what Neutron shows of its ports is compared with what Felix says; counts since the term's start. */
const comparisonSchema = z.object({
  /**
   * - "awaiting": the resource syncer has not passed on any port yet;
   * - "comparing": it does;
   * - "compared": all that Neutron listed has been compared at least once;
   * - "telling": it passes on none, or not all: what was not compared is reported;
   * - "off": nothing is compared, all is reported.
   */
  is: z.enum(["awaiting", "comparing", "compared", "telling", "off"]),
  /** Endpoints of which nobody knows yet whether Neutron shows their status. */
  unsure: count,
  /** Differences that were found, each as often as it was. */
  found: count,
  /** Reports of such that Neutron took. */
  accepted: count,
  /** Ports that differ now although it did. */
  persisting: count,
  /** Pages of ports that were compared, and that were lost on the way. */
  pages: count,
  lost: count,
  /** When the last walk through all ports ended of which nothing was lost; null: none has. */
  wholeAt: ms.nullable(),
});

/** Port status as last reported. */
export const portsSchema = z.object({
  at: ms,
  total: count,
  /** All that Felix has written is read, and what follows is watched; false: etcd cannot be seen, or not yet. */
  seen: z.boolean().optional(),
  queued: count,
  /** Ports whose status Neutron does not show, see `lib/status/port_differences.ts`. */
  differing: count.optional(),
  /** Of these, reports that have failed and are tried again. */
  failing: count.optional(),
  /** Since when the one that has waited longest does, ms since the epoch; null: none waits. */
  oldest: ms.nullable().optional(),
  comparison: comparisonSchema.optional(),
  /** As for agents. */
  blocked: busBlockedSchema.nullable().optional(),
  reported: count,
  failed: count,
  /** In Calico's terms: ERROR too, which Neutron shows as DOWN. */
  byStatus: z.record(z.string(), count),
  /** Newest first. */
  recent: z.array(z.object({
    at: ms,
    host: z.string(),
    port: z.string(),
    status: z.string(),
    /** What Neutron is told. */
    told: z.string().optional(),
    /** The endpoint has vanished from etcd. */
    gone: z.boolean().optional(),
    reported: z.boolean(),
  })).max(50),
});
export type Ports = z.infer<typeof portsSchema>;

/** How it goes with Neutron's notifications; counts since the term's start. */
export const notificationsSchema = z.object({
  at: ms,
  /** The queue of our own that is listened to, or null. */
  queue: z.string().nullable(),
  /** Why nothing is heard, or null. */
  trouble: z.string().nullable(),
  /** The first comparison of the term is not through yet: what is announced is followed as far as it is known alone. */
  early: z.boolean().optional(),
  /** Objects that wait to be looked at. */
  pending: count,
  received: count,
  /** Of those, that concern nothing in etcd. */
  ignored: count,
  /** Times that what was announced was made equal, and that this failed. */
  passes: count,
  failures: count,
  /** Objects in etcd that were created, updated or deleted that way. */
  changes: count,
  /** Objects that differed although no notification had told, found by comparing. */
  silent: count,
  subscriptions: count,
  /** Times that notifications were dropped. */
  overflows: count,
  /** From a notification's arrival to etcd, ms: of the last minute's the median and the most. */
  lagMs: z.number().nullable(),
  maxLagMs: z.number().nullable(),
});
export type NotificationsRecord = z.infer<typeof notificationsSchema>;

/** So many changes that no notification has told of, while none at all has come: Neutron sends none. */
const MANY_SILENT = 20;

/** Whether Neutron sends no notifications, as far as that can be told. */
export function sendsNone(
  { received, silent }: Pick<NotificationsRecord, "received" | "silent">,
): boolean {
  return received === 0 && silent >= MANY_SILENT;
}

/**
 * Why comparing goes as it does. `rounds`: slice by slice, round and round. All others mean by the intervals:
 * `first`, everything is compared first; `budget`, `neutron_budget` is 0; `unconfigured`, no notifications are
 * listened to; `unheard`, they are not heard now; `unsent`, Neutron sends none; `gap`, some may have been missed.
 */
export const paceSchema = z.enum([
  "rounds",
  "first",
  "budget",
  "unconfigured",
  "unheard",
  "unsent",
  "gap",
]);
export type PaceReason = z.infer<typeof paceSchema>;

/** Why a process sends Neutron fewer requests at a time; see {@linkcode SlowReason}. */
export const sparedSchema = z.enum(
  ["slow", "too-many", "unavailable", "no-answer"] satisfies SlowReason[],
);

/** How comparing Neutron with etcd goes, in this term. */
export const roundsSchema = z.object({
  at: ms,
  pace: paceSchema,
  /** `neutron_budget`, per cent. */
  budgetPercent: count,
  /** Share of one API worker's time that comparing took in the last minutes, per cent; null: nothing was compared. */
  sharePercent: z.number().nonnegative().nullable(),
  /** The round that goes on, from 1; 0: none yet. */
  round: count,
  /** It reads whole objects and compares them with etcd. */
  whole: z.boolean(),
  /** Objects that it has compared, and that there are. */
  compared: count,
  total: count,
  startedAt: ms.nullable(),
  /** The end of the last round; null: none has ended. */
  endedAt: ms.nullable(),
  /** Every port is compared at least so often, ms: the worst of the last rounds; null: not known yet. */
  everyMs: z.number().nonnegative().nullable(),
  /** Whether rounds have ended to tell; else it is an estimate. */
  isMeasured: z.boolean(),
  /** What of the process's requests to Neutron may be under way at a time. */
  requests: z.object({
    limit: count,
    /** `neutron_parallel`. */
    most: count,
    /** Why it came down last, while it is lower than that; null: it did not, and goes up. */
    spared: sparedSchema.nullable(),
  }),
});
export type RoundsRecord = z.infer<typeof roundsSchema>;

/** Figures of the last hour, oldest first; all lists are of one length. */
export const samplesSchema = z.object({
  /** ms since the epoch. */
  at: z.array(ms).max(400),
  /** Age of agent status when it was seen, ms; null: nothing was seen, or this node was no master. */
  lagMs: z.array(z.number().nullable()).max(400),
  /** Port status reports that waited; null: this node was no master. */
  queued: z.array(count.nullable()).max(400),
  /** Resident memory by role, MiB. */
  rssMib: z.record(z.string(), z.array(count.nullable()).max(400)),
});
export type Samples = z.infer<typeof samplesSchema>;
