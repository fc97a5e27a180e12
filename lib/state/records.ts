/**
 * The records that the processes of one node share: their shapes, as schemas. What is read is
 * validated; see `store.ts`, which reads and writes them.
 *
 * @module
 */
import { z } from "zod";

export { ROLE_NAMES, type RoleName } from "../process/roles.ts";

const ms = z.number();
const count = z.number().int().nonnegative();

/** What the elector publishes; no record means that this node is not master. */
export const mastershipSchema = z.object({
  /** Clock reading from before the grant or keep-alive was sent, ms since the epoch. */
  heartbeat: ms,
  /** Mastership ends here unless it is published again, ms since the epoch. */
  validUntil: ms,
  /** The machine's uptime read together with `heartbeat`, s: what a clock step cannot change. */
  uptime: z.number(),
  /** Create revision of the election key: with `id` the fence of every master-only write. Decimal. */
  term: z.string().regex(/^\d+$/),
  /** The election value, `<name>:<pid>`. */
  id: z.string(),
  /** Start of the term, ms since the epoch. */
  since: ms,
});
export type Mastership = z.infer<typeof mastershipSchema>;

/** What the elector sees of the cloud's election. */
export const electionSchema = z.object({
  state: z.enum(["starting", "follower", "candidate", "leader", "stopping"]),
  /** Value of the election key, or null when there is none. */
  leader: z.string().nullable(),
  /** Create revision of the key, decimal, or null. */
  term: z.string().nullable(),
  /** A sentence for the operator when something is wrong (etcd out of reach, a foreign value). */
  problem: z.string().nullable(),
  at: ms,
});
export type Election = z.infer<typeof electionSchema>;

/** The last term that an elector of this state directory has won; tells its stale key for sure. */
export const ownTermSchema = z.object({
  term: z.string(),
  value: z.string(),
  /** Where that elector ran, see `lib/process/place.ts`. */
  bootId: z.string(),
  pidNamespace: z.string(),
});
export type OwnTerm = z.infer<typeof ownTermSchema>;

/** An operator's wish that this node gives mastership away. */
export const stepDownSchema = z.object({
  id: z.string(),
  at: ms,
  /** Who asked, for the log and the history. */
  by: z.string(),
  /** How long this node does not stand again. */
  pauseSeconds: count,
  /** What the manager did; null until it has seen the wish. */
  outcome: z.enum(["stepped down", "not leading"]).nullable(),
  handledAt: ms.nullable(),
});
export type StepDown = z.infer<typeof stepDownSchema>;

/** An operator's wish that the supervisor restarts a role. */
export const restartSchema = z.object({
  id: z.string(),
  at: ms,
  /** Who asked, for the log and the events. */
  by: z.string(),
  /** null until the supervisor has taken it up; "void" when nobody did in time. */
  outcome: z.enum(["restarting", "void"]).nullable(),
});
export type RestartWish = z.infer<typeof restartSchema>;

/** One term in the cloud's history, kept in etcd. */
export const termSchema = z.object({
  /** Create revision of the election key, decimal. */
  term: z.string().regex(/^\d{1,20}$/),
  node: z.string(),
  /** The election value. */
  id: z.string(),
  /** ms since the epoch, by the node's clock. */
  start: ms,
  end: ms.nullable(),
  /** Why it ended. */
  reason: z.string().nullable(),
  /** While it lasts: when the key's lease ends unless it is extended, as last seen; ms since the epoch. */
  until: ms.optional(),
});
export type TermRecord = z.infer<typeof termSchema>;

/** A node as it registers itself in etcd, under a lease. */
export const nodeSchema = z.object({
  name: z.string(),
  version: z.string(),
  roles: z.array(z.string()).max(20),
  /** Start of the node, ms since the epoch. */
  since: ms,
  /** Where its page listens, `host:port`. */
  diagnostics: z.string(),
});
export type NodeRecord = z.infer<typeof nodeSchema>;

/** The election key as etcd holds it, for people; revisions and lease id are decimal. */
export const rawElectionKeySchema = z.object({
  key: z.string(),
  /** The first 1,000 characters. */
  value: z.string(),
  createRevision: z.string(),
  modRevision: z.string(),
  /** Writes since the key was created. */
  version: z.string(),
  /** "0": the key has none and never expires. */
  lease: z.string(),
  /** Life of the lease when it is extended, and what is left of it; null: etcd knows no such lease. */
  leaseGrantedSeconds: z.number().nullable(),
  leaseLeftSeconds: z.number().nullable(),
});
export type RawElectionKey = z.infer<typeof rawElectionKeySchema>;

/** What all nodes of the cloud share, as this node's manager last read it. */
export const clusterSchema = z.object({
  at: ms,
  /** Newest first. */
  terms: z.array(termSchema).max(100),
  nodes: z.array(nodeSchema).max(50),
  /** null: there is no such key, so nobody leads. Absent: not read. */
  electionKey: rawElectionKeySchema.nullable().optional(),
});
export type Cluster = z.infer<typeof clusterSchema>;

/** The compactor's account of itself, since the manager started. */
export const compactionSchema = z.object({
  at: ms,
  /** What the last check led to, in words. */
  outcome: z.string(),
  /** Revision of the last compaction seen or done, decimal, or null. */
  lastRevision: z.string().nullable(),
  lastAt: ms.nullable(),
  checks: count,
  compactions: count,
  failures: count,
});
export type Compaction = z.infer<typeof compactionSchema>;

/** The supervisor's own heartbeat, once a second. */
export const supervisorSchema = z.object({ at: ms, pid: count });
export type SupervisorState = z.infer<typeof supervisorSchema>;

/** What the supervisor knows of a role. */
export const roleSchema = z.object({
  state: z.enum(["starting", "running", "backoff", "stopped"]),
  pid: count.nullable(),
  startedAt: ms.nullable(),
  /** Since the node started. */
  restarts: count,
  /** Ends in a row without a healthy minute between them. */
  failures: count.default(0),
  /** Why it ended last, for people. */
  lastEnd: z.string().nullable(),
  /** Next start while in backoff, ms since the epoch. */
  nextStartAt: ms.nullable(),
});
export type RoleState = z.infer<typeof roleSchema>;

/** A role's heartbeat, written by the loop that does its work. */
export const aliveSchema = z.object({
  at: ms,
  pid: count,
  /** What it is doing, a few words: "standby", "resync: writing". */
  doing: z.string(),
  /** A sentence when it cannot do its job now, and what to do. */
  problem: z.string().nullable(),
  /** Resident memory of its process, bytes. */
  rssBytes: count.optional(),
});
export type Alive = z.infer<typeof aliveSchema>;

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
  /** Null when it succeeded or still runs. */
  error: z.string().nullable(),
  /** By kind: "NetworkPolicy", "WorkloadEndpoint", "LiveMigration", "Subnet". */
  kinds: z.record(z.string(), kindCountsSchema),
  warnings: z.array(z.string()).max(20),
  /** Collections of which nothing was deleted, each with why. */
  guards: z.array(guardSchema).max(20).default([]),
  leftOut: z.array(leftOutSchema).max(20).default([]),
  /** Differences that were found, and how many of them are kept to be looked at. */
  differences: count.optional(),
  differencesKept: count.optional(),
});
export type Resync = z.infer<typeof resyncSchema>;

/** Whether a run has compared everything and come to its end. */
export function comparedAll({ whole, endedAt, error }: Resync): boolean {
  return whole && endedAt !== null && error === null;
}

const ids = z.array(z.string().min(1).max(64)).max(500);
/** An operator's wish for a resync: of everything when no list names anything. */
export const resyncRequestSchema = z.object({
  id: z.string(),
  at: ms,
  /** Who asked, for the log. */
  by: z.string(),
  /** The term in which it was asked for, which is the only one that may write for it; null: none. */
  term: z.string().nullable(),
  networks: ids,
  subnets: ids,
  ports: ids,
  groups: ids,
  /** The security groups of the ports as well. */
  includeGroups: z.boolean(),
  dryRun: z.boolean(),
  /** What a guard holds back is let through, once. */
  allowDeletions: z.boolean(),
});
export type ResyncRequest = z.infer<typeof resyncRequestSchema>;

/** How it goes with the last request. */
export const resyncAnswerSchema = z.object({
  id: z.string(),
  at: ms,
  state: z.enum(["running", "done", "failed"]),
  doing: z.string(),
  /** The step that it takes, see `lib/sync/apply/step.ts`. */
  step: z.string().optional(),
  dryRun: z.boolean().default(false),
  kinds: z.record(z.string(), kindCountsSchema),
  warnings: z.array(z.string()),
  guards: z.array(guardSchema).max(20).default([]),
  leftOut: z.array(leftOutSchema).max(20).default([]),
  error: z.string().nullable(),
  /** How many were found; the first of them are in a file, see `lib/sync/apply/difference_log.ts`. */
  differences: count.catch(0),
});
export type ResyncAnswer = z.infer<typeof resyncAnswerSchema>;

/** The term in which an operator has asked for the first resync, with `startup_resync` "never". */
export const releasedSchema = z.object({
  term: z.string(),
  /** The election value, as in the mastership record. */
  id: z.string(),
});
export type Released = z.infer<typeof releasedSchema>;

/** Resyncs that are kept. */
export const MAX_RESYNCS = 50;
/** The resource syncer's history, newest first. */
export const resyncsSchema = z.array(resyncSchema).max(MAX_RESYNCS);

/** One Felix agent. */
export const agentSchema = z.object({
  host: z.string(),
  /** `time` of the status value, ms since the epoch; null when it could not be read. */
  time: ms.nullable(),
  uptimeSeconds: z.number().nullable(),
  reportedAt: ms.nullable(),
});
export type Agent = z.infer<typeof agentSchema>;

/** Agents by the age of their status at `at`, see `lib/status/freshness.ts`. */
export const freshnessSchema = z.object({
  fresh: count,
  late: count,
  stale: count,
  unreadable: count,
});
export type FreshnessCounts = z.infer<typeof freshnessSchema>;

/** Felix agents in short; all of them are in a file, see `lib/status/agents_file.ts`. */
export const agentsSchema = z.object({
  at: ms,
  total: count,
  /** Of all agents. */
  byFreshness: freshnessSchema,
  reported: count,
  failed: count,
  /** Age of what Felix said when it was seen, ms: of the last live updates the median and the most. */
  lagMs: z.number().nullable(),
  maxLagMs: z.number().nullable(),
  /** The stalest. */
  agents: z.array(agentSchema).max(50),
});
export type Agents = z.infer<typeof agentsSchema>;

/** Port status as last reported. */
export const portsSchema = z.object({
  at: ms,
  total: count,
  queued: count,
  /** Ports whose status Neutron does not show, see `lib/status/port_differences.ts`. */
  differing: count.optional(),
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
    reported: z.boolean(),
  })).max(50),
});
export type Ports = z.infer<typeof portsSchema>;

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

/** How it goes with Neutron's notifications; counts since the term's start. */
export const notificationsSchema = z.object({
  at: ms,
  /** The queue of our own that is listened to, or null. */
  queue: z.string().nullable(),
  /** Why nothing is heard, or null. */
  trouble: z.string().nullable(),
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

/** Something worth an operator's eye. */
export const eventSchema = z.object({
  at: ms,
  level: z.enum(["info", "warn", "error"]),
  message: z.string(),
});
export type Event = z.infer<typeof eventSchema>;

/** The events of one source, newest first. */
export const eventsSchema = z.array(eventSchema).max(50);
