/** What a trace tells: its records, for the page, the API and the command line. @module */
import { z } from "zod";
import { guardSchema, leftOutSchema } from "../state/records.ts";
import { FRESHNESS } from "../status/freshness.ts";
import { portDifferenceSchema } from "../status/port_differences.ts";
import { portReportSchema } from "../status/port_reports.ts";
import { changeSchema } from "../sync/apply/json_changes.ts";

/** Ports that are shown; the others are counted. */
export const MAX_PORTS = 20;

const ms = z.number();
const count = z.number().int().nonnegative();
const textOrNull = z.string().nullable();

/** A port as Neutron lists it; what it does not show is "" or empty. */
export const neutronPortSchema = z.object({
  id: z.string(),
  name: z.string(),
  device: z.string(),
  deviceOwner: z.string(),
  host: z.string(),
  vifType: z.string(),
  vnicType: z.string(),
  migratingTo: textOrNull,
  status: z.string(),
  isAdminUp: z.boolean().nullable(),
  network: z.string(),
  project: z.string(),
  addresses: z.array(z.string()),
  subnets: z.array(z.string()),
  securityGroups: z.array(z.string()),
  revision: z.number().nullable(),
  updatedAt: z.string(),
});
export type NeutronPort = z.infer<typeof neutronPortSchema>;

/** One key in etcd: what is there, and what a resync would make of it. */
export const tracedObjectSchema = z.object({
  kind: z.string(),
  key: z.string(),
  subject: z.object({ type: z.enum(["port", "group", "subnet"]), id: z.string() }),
  wanted: z.unknown().meta({ description: "What Neutron's objects come to; null: nothing" }),
  stored: z.unknown().meta({ description: "What etcd holds; null: nothing" }),
  modRevision: textOrNull.meta({ description: "Revision of etcd in which it was written last" }),
  action: z.enum(["create", "update", "delete"]).nullable().meta({
    description: "What would make it right; null: it is right",
  }),
  isHeld: z.boolean().meta({ description: "A resync would keep it, although nothing wants it" }),
  changes: z.array(changeSchema).meta({ description: "What an update would change" }),
  moreChanges: count,
});
export type TracedObject = z.infer<typeof tracedObjectSchema>;

/** A key of the same port that is not this region's. */
export const elsewhereSchema = z.object({
  key: z.string(),
  namespace: z.string(),
  modRevision: z.string(),
});
export type Elsewhere = z.infer<typeof elsewhereSchema>;

/** What Felix says of an endpoint. */
export const felixReportSchema = z.object({
  host: z.string(),
  key: z.string(),
  status: z.enum(["ACTIVE", "DOWN", "ERROR"]).meta({ description: "As Neutron would be told" }),
  modRevision: z.string(),
});
export type FelixReport = z.infer<typeof felixReportSchema>;

/** Felix of one host. */
export const tracedAgentSchema = z.object({
  host: z.string(),
  time: ms.nullable().meta({ description: "When it wrote its status, by its host's clock" }),
  state: z.enum([...FRESHNESS, "none"]).meta({ description: "none: there is no status" }),
});
export type TracedAgent = z.infer<typeof tracedAgentSchema>;

/** What was found of one port in Neutron and etcd. */
export const cloudPortSchema = z.object({
  id: z.string(),
  neutron: neutronPortSchema.nullable().meta({ description: "null: Neutron lists no such port" }),
  isServed: z.boolean().meta({ description: "Neutron wants it in etcd" }),
  objects: z.array(tracedObjectSchema),
  keys: z.array(z.object({ key: z.string(), modRevision: z.string() })).meta({
    description: "Keys of this region that name it, also when nothing could be compared",
  }),
  elsewhere: z.array(elsewhereSchema),
  felix: z.array(felixReportSchema),
});
export type CloudPort = z.infer<typeof cloudPortSchema>;

/** What Neutron and etcd say. */
export const cloudAccountSchema = z.object({
  query: z.string(),
  at: ms,
  ports: z.array(cloudPortSchema).max(MAX_PORTS),
  more: count.meta({ description: "Ports that fit too and are not shown" }),
  objects: z.array(tracedObjectSchema).meta({
    description: "Of the security groups and subnets of these ports",
  }),
  agents: z.array(tracedAgentSchema),
  guards: z.array(guardSchema),
  leftOut: z.array(leftOutSchema),
  isCompared: z.boolean().meta({ description: "false: Neutron or etcd could not be asked" }),
  isSearched: z.boolean().meta({
    description: "false: not all names in etcd were looked through, so that more keys may be there",
  }),
  seesOthers: z.boolean().meta({
    description: "false: etcd's user may read no other namespace, so that keys there are not known",
  }),
  troubles: z.array(z.string()).meta({ description: "What could not be asked, and why" }),
});
export type CloudAccount = z.infer<typeof cloudAccountSchema>;

/** The newest change of an object that a run of this node has found, or that it has written as it was announced. */
export const lastChangeSchema = z.object({
  subject: z.string().meta({ description: "Id of Neutron's object" }),
  run: textOrNull.meta({ description: "null: it was written as Neutron announced it" }),
  at: ms,
  reason: z.string(),
  isWritten: z.boolean().meta({
    description: "false: the run failed or was cut short, and may not have come to it",
  }),
  action: z.enum(["create", "update", "delete"]),
  kind: z.string(),
  key: z.string(),
  changes: z.array(changeSchema),
});
export type LastChange = z.infer<typeof lastChangeSchema>;

/** What this node's state directory tells. */
export const nodeAccountSchema = z.object({
  node: textOrNull,
  leads: z.boolean(),
  leader: textOrNull.meta({ description: "The election value of who leads" }),
  isElectionKnown: z.boolean(),
  watches: z.boolean().meta({ description: "It leads and writes nothing by itself" }),
  reports: z.array(portReportSchema).meta({ description: "What it told Neutron of these ports" }),
  reportsSince: ms.nullable().meta({ description: "From when on reports are known" }),
  differing: z.array(portDifferenceSchema),
  agents: z.array(z.object({ host: z.string(), reportedAt: ms.nullable() })),
  changes: z.array(lastChangeSchema).meta({
    description: "By its resyncs, and as Neutron announced it; the newest first",
  }),
  runError: textOrNull.meta({ description: "Why the last run of the node that leads failed" }),
  guards: z.array(guardSchema).meta({ description: "What its runs hold back now" }),
  leftOut: z.array(leftOutSchema).meta({ description: "What its runs leave now" }),
});
export type NodeAccount = z.infer<typeof nodeAccountSchema>;

/** Why a port is as it is. */
export const REASONS = [
  "not-in-neutron",
  "not-understood",
  "not-a-vm",
  "unbound",
  "binding-failed",
  "guarded",
  "left-out",
  "other-namespace",
  "other-region",
  "no-leader",
  "watching",
  "run-failed",
  "not-compared",
  "due",
  "ask-leader",
  "unexplained",
  "status-waiting",
  "status-failed",
  "status-error",
  "status-differs",
  "no-felix-status",
  "agent-silent",
] as const;
export const reasonSchema = z.object({ is: z.enum(REASONS), detail: textOrNull });
export type Reason = z.infer<typeof reasonSchema>;

/** Whether Neutron, etcd and Felix say the same. */
export const VERDICTS = ["agrees", "differs", "unknown", "nothing"] as const;
export type Verdict = typeof VERDICTS[number];

/** A port with what is made of it. */
export const tracedPortSchema = cloudPortSchema.extend({
  verdict: z.enum(["agrees", "differs", "unknown"]),
  reasons: z.array(reasonSchema),
});
export type TracedPort = z.infer<typeof tracedPortSchema>;

/** All that is told. */
export const traceSchema = cloudAccountSchema.extend({
  verdict: z.enum(VERDICTS),
  ports: z.array(tracedPortSchema).max(MAX_PORTS),
  node: nodeAccountSchema.nullable().meta({ description: "null: no node's state could be read" }),
}).meta({ id: "Trace" });
export type Trace = z.infer<typeof traceSchema>;
