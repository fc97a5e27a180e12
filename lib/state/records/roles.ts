/** A node's processes, and what befell them. @module */
import { z } from "zod";
import { count, ms } from "./fields.ts";

/** The supervisor's own heartbeat, once a second. */
export const supervisorSchema = z.object({
  at: ms,
  pid: count,
  /** The node's name; one of an earlier version does not say it. */
  node: z.string().optional(),
});
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

/** Something worth an operator's eye. */
export const eventSchema = z.object({
  at: ms,
  level: z.enum(["info", "warn", "error"]),
  message: z.string(),
});
export type Event = z.infer<typeof eventSchema>;

/** The events of one source, newest first. */
export const eventsSchema = z.array(eventSchema).max(50);
