/** What the nodes of a cloud share through etcd, as this node's manager last saw it. @module */
import { z } from "zod";
import { count, ms } from "./fields.ts";

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
  // Not `max`: zod looks at the length of what is no list too, and throws when that is no number.
  roles: z.array(z.string()).refine((roles) => roles.length <= 20, "are more than 20"),
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

/** The configured members of etcd, as this node's manager has asked each of them last. */
export const etcdMembersSchema = z.object({
  at: ms,
  members: z.array(z.object({
    url: z.string(),
    /** Since when it does not answer, ms since the epoch; null: it answers. */
    silentSince: ms.nullable(),
    /** Why it does not, in a few words; null: it answers. */
    error: z.string().nullable(),
  })),
});
export type EtcdMembers = z.infer<typeof etcdMembersSchema>;

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

/** The database of one member of etcd; bytes, null: not known. */
const databaseSizeSchema = z.object({
  url: z.string(),
  sizeBytes: z.number().nullable(),
  inUseBytes: z.number().nullable(),
  quotaBytes: z.number().nullable(),
  /** Such as NOSPACE. */
  alarms: z.array(z.string()).max(10),
  /** Why nothing is known of it. */
  problem: z.string().nullable(),
});
export type DatabaseSize = z.infer<typeof databaseSizeSchema>;

/** etcd's databases, as this node's manager last read them. */
export const databasesSchema = z.object({
  at: ms,
  members: z.array(databaseSizeSchema).max(20),
});
export type Databases = z.infer<typeof databasesSchema>;
