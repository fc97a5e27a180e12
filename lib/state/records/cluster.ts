/** What the nodes of a cloud share through etcd, as this node's manager last saw it. @module */
import { z } from "zod";
import { count, ms } from "./fields.ts";

const revision = z.string().regex(/^\d{1,20}$/);

/** How a term's election key went, as a node saw it. */
export const keyGoneSchema = z.object({
  /** ms since the epoch, by the clock of that node. */
  at: ms,
  /** Name of that node. */
  by: z.string(),
  /** "seen": it watched the key go; "lease": nobody did, and the lease that was seen last was to end then. */
  how: z.enum(["seen", "lease"]),
  /** etcd's revision at which the key was found gone, decimal. */
  revision: revision.optional(),
});
export type KeyGone = z.infer<typeof keyGoneSchema>;

/** One term in the cloud's history, kept in etcd. */
export const termSchema = z.object({
  /** Create revision of the election key, decimal. */
  term: revision,
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
  /** Whose word `end` and `reason` are: of the node that led, or of others. Absent: an older version wrote them. */
  endBy: z.enum(["leader", "observer"]).optional(),
  keyGone: keyGoneSchema.optional(),
});
export type TermRecord = z.infer<typeof termSchema>;

/** The word of the node that led on a term of its own. */
export const termAccountSchema = z.object({
  term: revision,
  /** The election value. */
  id: z.string(),
  start: ms,
  /** null: it goes on. */
  end: ms.nullable(),
  reason: z.string().nullable(),
  /** Whether etcd has its start. */
  begun: z.boolean(),
});
export type TermAccount = z.infer<typeof termAccountSchema>;

/** Accounts that are not in etcd yet, the oldest first. */
export const termAccountsSchema = z.array(termAccountSchema).max(20);

/** What one node saw of the election key, look after look, while it was the same. */
export const sightingSchema = z.object({
  /** "held": the key was there; "free": it was not; "unread": etcd did not answer; "restored": etcd went back. */
  is: z.enum(["held", "free", "unread", "restored"]),
  /** Times of the first and the last look, ms since the epoch. */
  from: ms,
  to: ms,
  /** The key's term and value while it was held. */
  term: revision.nullable(),
  id: z.string().nullable(),
  /** Why etcd did not answer, in a few words. */
  why: z.string().nullable(),
});
export type Sighting = z.infer<typeof sightingSchema>;

const PAGE_URL = /^https?:\/\/([a-z0-9.-]{1,253}|\[[0-9a-f:]+\]):\d{1,5}$/i;

/** A node of the cloud. */
export const nodeSchema = z.object({
  name: z.string(),
  version: z.string(),
  // Not `max`: zod looks at the length of what is no list too, and throws when that is no number.
  roles: z.array(z.string()).refine((roles) => roles.length <= 20, "are more than 20"),
  /** Start of the node, ms since the epoch. */
  since: ms,
  /** Where its page listens, `host:port`. */
  diagnostics: z.string(),
  /** URL of its page as other machines reach it; null: they do not, or an older version does not say. */
  page: z.string().nullable(),
});
export type NodeRecord = z.infer<typeof nodeSchema>;

/** What a node says of its configuration; see `lib/config/configuration_digests.ts`. */
export const configurationSchema = z.object({
  region: z.string().max(100).nullable(),
  /** null: which Neutron it serves is not known. */
  cloud: z.string().max(100).nullable(),
  /** Digests by name of the section. */
  sections: z.record(z.string().max(40), z.string().max(40)),
});
export type ConfigurationRecord = z.infer<typeof configurationSchema>;

/** A node as it registers itself in etcd, under a lease; an older version says less. */
export const registrationSchema = nodeSchema.extend({
  page: z.string().regex(PAGE_URL).nullable().catch(null),
  configuration: configurationSchema.optional().catch(undefined),
});
export type Registration = z.infer<typeof registrationSchema>;

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

/** This node's configuration beside those of the others. */
export const comparisonSchema = z.object({
  /** Names of nodes with the same one. */
  same: z.array(z.string()).max(50),
  /** Nodes that do not say, such as those of an older version. */
  unknown: z.array(z.string()).max(50),
  differing: z.array(z.object({
    node: z.string(),
    differences: z.array(z.object({
      /** "version", "region", or the name of a section. */
      what: z.string(),
      /** "none": there is none; null: only that it is another one is known. */
      here: z.string().nullable(),
      there: z.string().nullable(),
    })).max(20),
  })).max(20),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** What all nodes of the cloud share, as this node's manager last read it. */
export const clusterSchema = z.object({
  /** When it was read from etcd. */
  at: ms,
  /** Newest first. */
  terms: z.array(termSchema).max(100),
  nodes: z.array(nodeSchema).max(50),
  /** null: there is no such key, so nobody leads. Absent: not read. */
  electionKey: rawElectionKeySchema.nullable().optional(),
  /** What this node itself saw of the election key, newest first. */
  seen: z.array(sightingSchema).max(40).optional(),
  /** Absent: this node's configuration is not known yet. */
  configurations: comparisonSchema.optional(),
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
