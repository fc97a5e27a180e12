/**
 * What is known of a node, as one value, without judging it. Times are milliseconds since the epoch by this
 * node's clock.
 *
 * @module
 */
import { z } from "zod";
import {
  agentsSchema,
  aliveSchema,
  clusterSchema,
  compactionSchema,
  databasesSchema,
  electionSchema,
  etcdMembersSchema,
  eventSchema,
  mastershipSchema,
  notificationsSchema,
  portsSchema,
  resyncsSchema,
  roleSchema,
  roundsSchema,
} from "../state/records.ts";

const ms = z.number();

/** How bad something is. */
export const levelSchema = z.enum(["ok", "warn", "error"]);
export type Level = z.infer<typeof levelSchema>;

/** A role as the supervisor sees it and as it sees itself. */
export const roleStatusSchema = z.object({
  name: z.string(),
  /** What the supervisor wrote; null before it has started the role. */
  process: roleSchema.nullable(),
  /** The role's own last heartbeat. */
  alive: aliveSchema.nullable(),
  /** Time since that sign, never negative; null when there is none. */
  silentMs: ms.nullable(),
  level: levelSchema,
  /** What is wrong, or null. */
  problem: z.string().nullable(),
});
export type RoleStatus = z.infer<typeof roleStatusSchema>;

/** An event and who reported it. */
export const sourcedEventSchema = eventSchema.extend({ source: z.string() });
export type SourcedEvent = z.infer<typeof sourcedEventSchema>;

/** Everything that is known without judging it. */
export const factsSchema = z.object({
  at: ms,
  node: z.object({
    name: z.string(),
    version: z.string(),
    startedAt: ms.nullable(),
    /** "never": a new master does not wait for a resync to be ready. */
    startupResync: z.enum(["always", "never"]),
  }),
  /** Whether this node is master by the same rule as in every role. */
  isMaster: z.boolean(),
  /** The election value of the node that leads, or null. */
  leader: z.string().nullable(),
  /** Start of this node's term, or null when it is not master. */
  since: ms.nullable(),
  /** Whether it is master and writes nothing until an operator asks for a resync. */
  watches: z.boolean(),
  mastership: mastershipSchema.nullable(),
  election: electionSchema.nullable(),
  roles: z.array(roleStatusSchema),
  /** The cloud's terms and nodes, as this node's manager last read them. */
  cluster: clusterSchema.nullable(),
  /** The members of etcd, as this node's manager has asked each of them last. */
  etcdMembers: etcdMembersSchema.nullable(),
  /** The size of their databases, as this node's manager has read it last. */
  databases: databasesSchema.nullable(),
  compaction: compactionSchema.nullable(),
  /** Newest first. */
  resyncs: resyncsSchema,
  /** Null: nobody listens to them here. */
  notifications: notificationsSchema.nullable(),
  /** How comparing goes; null or missing: nothing was compared here. */
  rounds: roundsSchema.nullable().optional(),
  agents: agentsSchema.nullable(),
  ports: portsSchema.nullable(),
  /** Newest first, at most 100. */
  events: z.array(sourcedEventSchema),
});
export type Facts = z.infer<typeof factsSchema>;
