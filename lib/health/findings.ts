/**
 * What may be wrong with a node, as values: which kind of thing, how grave, and what the sentence about it
 * says. The sentences are made in `text.ts`.
 *
 * @module
 */
import type { Absent, Comparison, EtcdMembers, Resync } from "../state/records.ts";
import type { Level } from "./facts.ts";
import type { HeldGuard, HeldLeftOut } from "./held.ts";

/** What is wrong with a role. */
export type RoleProblem =
  | { readonly is: "not-started" }
  | { readonly is: "waits-for-restart"; readonly lastEnd: string | null }
  | { readonly is: "stopped"; readonly lastEnd: string | null }
  | { readonly is: "starts-slowly" }
  /** It has ended again and again, and this start is one more try. */
  | { readonly is: "ends-again"; readonly lastEnd: string | null; readonly runs: boolean }
  | { readonly is: "silent" }
  /** What it says itself. */
  | { readonly is: "reported"; readonly problem: string };

/** The end of the last term, and who says so. */
export interface LastTerm {
  /** Who led; "" when that is not known. */
  readonly node: string;
  /** ms since the epoch. */
  readonly since: number;
  /**
   * Whose word it is: that of the node that led; of one that saw the key go, or that saw its lease before nobody
   * looked; or the history's in etcd, which does not say whose.
   */
  readonly word: "led" | "seen" | "lease" | "history";
  /** The node that saw it. */
  readonly by: string;
  readonly reason: string | null;
}

/** Every kind of finding. */
export const FINDING_KINDS = [
  /** The node has just been started. */
  "roles-not-started",
  "role",
  "election-unknown",
  "election-problem",
  /** The election key is this node's, but it does no work: its mastership is over, or was never published. */
  "mastership-over",
  "mastership-unpublished",
  "election-starting",
  "no-leader",
  /** This node does not lead, and cannot see whether another does. */
  "leader-unseen",
  /** Members of etcd do not answer this node. */
  "etcd-members",
  /** etcd has raised an alarm: mostly its quota is used up, and it takes no writes. */
  "etcd-alarm",
  "etcd-nearly-full",
  /** Another node has another version, region string or configuration. */
  "node-config-differs",
  "first-resync-due",
  "first-resync-running",
  "resync-failed",
  "resync-warned",
  "held-back",
  "left-out",
  "notifications-unheard",
  "notifications-unsent",
  /** The broker is there and takes no messages. */
  "bus-blocked",
  "agents-late",
  /** There was a status, and it is no longer in etcd. */
  "agents-gone",
  /** Hosts with endpoints on which no Felix was ever seen. */
  "hosts-unserved",
  "agents-stale",
  "agents-overdue",
  /** Live migrations to hosts without a status. */
  "migrations-stranded",
  "ports-waiting",
  /** Reports that Neutron refused or did not answer. */
  "ports-failing",
  "ports-overdue",
  "ports-in-error",
] as const;
export type FindingKind = typeof FINDING_KINDS[number];

/** What is known of a finding beside its kind. */
interface Data extends Record<FindingKind, unknown> {
  readonly role: { readonly role: string; readonly problem: RoleProblem };
  readonly "election-problem": { readonly problem: string };
  readonly "etcd-alarm": {
    readonly url: string;
    readonly alarms: readonly string[];
    /** In words. */
    readonly size: string;
  };
  readonly "etcd-nearly-full": { readonly url: string; readonly size: string };
  readonly "etcd-members": {
    readonly total: number;
    /** Those that do not answer. */
    readonly silent: EtcdMembers["members"];
    /** When it was judged, ms since the epoch. */
    readonly at: number;
  };
  readonly "node-config-differs": { readonly differing: Comparison["differing"] };
  readonly "leader-unseen": {
    /** Name of this node, whose word it is. */
    readonly here: string;
    /** Since when it cannot see the election key, ms since the epoch; null: not known. */
    readonly since: number | null;
    readonly problem: string;
    readonly at: number;
  };
  readonly "no-leader": {
    /** Name of this node, whose word it is. */
    readonly here: string;
    /** How the last term ended; null: not known. */
    readonly last: LastTerm | null;
    /** Names of the nodes that are registered. */
    readonly nodes: readonly string[];
    readonly at: number;
  };
  readonly "resync-failed": {
    readonly resync: string;
    readonly error: string;
    /** When an operator asked for it, who was told, so that nothing tries it again, ms; null: nobody did. */
    readonly askedAt: number | null;
    /** The try that runs now; null: none does. */
    readonly retry: Pick<Resync, "startedAt" | "attempt" | "step"> | null;
    readonly at: number;
  };
  readonly "resync-warned": {
    readonly resync: string;
    readonly first: string;
    /** How many warnings there are beside the first. */
    readonly more: number;
  };
  readonly "held-back": { readonly guard: HeldGuard };
  readonly "left-out": { readonly left: HeldLeftOut };
  readonly "notifications-unheard": { readonly trouble: string };
  readonly "notifications-unsent": {
    /** Changes that only comparing has found. */
    readonly changes: number;
  };
  readonly "bus-blocked": {
    /** In the broker's words. */
    readonly reason: string;
    /** ms since the epoch. */
    readonly since: number;
    /** Whose reports wait. */
    readonly waits: { readonly agents: boolean; readonly ports: boolean };
    readonly at: number;
  };
  readonly "agents-late": { readonly lagMs: number };
  readonly "agents-gone": {
    readonly gone: number;
    /** Those that are gone among them. */
    readonly total: number;
    /** Endpoints on the hosts of those, as far as known. */
    readonly endpoints: number;
    /** The first of them. */
    readonly hosts: readonly string[];
  };
  readonly "hosts-unserved": {
    readonly unserved: number;
    readonly endpoints: number;
    /** The first of them, each with the agent whose name is like it. */
    readonly hosts: readonly { readonly host: string; readonly like: string | null }[];
  };
  readonly "agents-overdue": {
    readonly late: number;
    readonly total: number;
    readonly hosts: readonly string[];
  };
  readonly "migrations-stranded": {
    readonly total: number;
    readonly oldest: Absent["stranded"]["first"][number];
    /** When it was judged, ms since the epoch. */
    readonly at: number;
  };
  readonly "agents-stale": {
    readonly stale: number;
    readonly total: number;
    /** The first of them. */
    readonly hosts: readonly string[];
  };
  readonly "ports-waiting": {
    readonly queued: number;
    /** Whether Neutron is the reason: their watcher has no problem of its own, such as a bus that is gone. */
    readonly slow: boolean;
  };
  readonly "ports-failing": { readonly failing: number };
  readonly "ports-overdue": {
    readonly queued: number;
    /** Since when the first of them waits, ms since the epoch. */
    readonly oldest: number;
    readonly at: number;
  };
  readonly "ports-in-error": { readonly broken: number };
}

/** A finding of one kind. */
export type FindingOf<K extends FindingKind> =
  & { readonly kind: K; readonly level: Exclude<Level, "ok"> }
  & Data[K];

/** Something that is wrong. */
export type Finding = { [K in FindingKind]: FindingOf<K> }[FindingKind];

/** A reason for which a node is not ready. */
export type NotReady =
  | { readonly is: "role-down"; readonly role: string }
  | { readonly is: "no-leader" }
  | { readonly is: "no-resync" };
