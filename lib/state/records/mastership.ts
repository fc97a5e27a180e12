/** Who leads: what this node's elector publishes, sees and remembers. @module */
import { z } from "zod";
import { ms } from "./fields.ts";

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

/** The term in which an operator has asked for the first resync, with `startup_resync` "never". */
export const releasedSchema = z.object({
  term: z.string(),
  /** The election value, as in the mastership record. */
  id: z.string(),
});
export type Released = z.infer<typeof releasedSchema>;
