/** What operators ask of a node's processes, and the answers. @module */
import { z } from "zod";
import { safeBy } from "../asked_by.ts";
import { count, ms } from "./fields.ts";
import { resyncAccount } from "./resync.ts";

/** Who asked, for the log and the events. */
const by = z.string().transform(safeBy);

/** An operator's request that this node gives mastership away. */
export const stepDownRequestSchema = z.object({
  id: z.string(),
  at: ms,
  by,
  /** How long this node does not stand again. */
  pauseSeconds: count,
  /** What the manager did; null until it has seen the request. */
  outcome: z.enum(["stepped down", "not leading"]).nullable(),
  handledAt: ms.nullable(),
});
export type StepDownRequest = z.infer<typeof stepDownRequestSchema>;

/** An operator's request that the supervisor restarts a role. */
export const restartRequestSchema = z.object({
  id: z.string(),
  at: ms,
  by,
  /** null until the supervisor has taken it up; "void" when nobody did in time. */
  outcome: z.enum(["restarting", "void"]).nullable(),
});
export type RestartRequest = z.infer<typeof restartRequestSchema>;

/** An operator's request that the supervisor reads the configuration again. */
export const reloadRequestSchema = z.object({
  id: z.string(),
  at: ms,
  by,
  /** "asked" until the supervisor has taken it up; "void" when no answer comes. */
  state: z.enum(["asked", "reading", "in force", "refused", "void"]),
  /** Why it was refused or no answer comes; else which roles it concerned. */
  told: z.string(),
});
export type ReloadRequest = z.infer<typeof reloadRequestSchema>;

const ids = z.array(z.string().min(1).max(64)).max(500);
/** An operator's request for a resync: of everything when no list names anything. */
export const resyncRequestSchema = z.object({
  id: z.string(),
  at: ms,
  by,
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
  ...resyncAccount,
  error: z.string().nullable(),
  /** How many were found; the first of them are in a file, see `lib/sync/apply/difference_log.ts`. */
  differences: count.catch(0),
});
export type ResyncAnswer = z.infer<typeof resyncAnswerSchema>;

/** An operator's question about a port, a device, an address or a host, asked of the resource syncer. */
export const traceRequestSchema = z.object({
  id: z.string(),
  at: ms,
  /** Who asks, for the log. */
  by: z.string(),
  query: z.string().min(1).max(253),
});
export type TraceRequest = z.infer<typeof traceRequestSchema>;

/** That it was answered; what was found is in a file, see `lib/trace/trace_file.ts`. */
export const traceAnswerSchema = z.object({
  id: z.string(),
  at: ms,
  /** Why nothing could be found out; null: it could. */
  error: z.string().nullable(),
});
export type TraceAnswer = z.infer<typeof traceAnswerSchema>;
