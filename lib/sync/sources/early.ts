/**
 * What events go by until the first full resync of a term is through, which takes minutes in a big cloud: an
 * index of the keys in etcd and of nothing else. What an event names, and what that shows of other objects,
 * is read afresh from Neutron each time.
 *
 * Right without more than that are a port, the policy of a security group, a subnet, and the port that a
 * floating IP points at. What shows an object that has changed is asked of Neutron where that is cheap
 * ({@linkcode portsShowing}). All else needs to know what was before: whose endpoint showed a floating IP that
 * has gone elsewhere, which ports have a QoS policy, which groups name an address group, which subnets went
 * with their network. It waits for the full resync, at whose end what was announced meanwhile is handled
 * again, with all that it knows ({@linkcode EventSync.endFull}).
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { type Backoff, backoffMs } from "../../base/backoff.ts";
import { deadline } from "../../base/deadline.ts";
import type { RateLimitedLog } from "../../base/rate_limited.ts";
import { REVISION_FIELDS, revisionSchema } from "../../openstack/records.ts";
import type { JobContext, Term } from "../../role/master_context.ts";
import { type ResyncDeps, SyncRun } from "../apply/sync_run.ts";
import { emptyScope, type Scope, sizeOf } from "../index/backlog.ts";
import { CloudIndex } from "../index/cloud_index.ts";
import { type PortField, relatedIn, shownOf } from "../model/collections.ts";
import { filtersBy } from "../model/naming.ts";
import { type Changed, readChanged } from "./changes.ts";
import { reconcile } from "./named.ts";
import type { Hints } from "./notification.ts";
import { SeenKeys } from "./seen_keys.ts";

const BACKOFF: Backoff = { firstMs: 1000, maxMs: 30_000, jitter: "equal" };
const EVENTS_FIRST_MS = 5000;
/** Once so many ports are looked at because they show what has changed, those of further objects wait. */
const MAX_SHOWING = 500;

/** What {@linkcode EarlyIndex} needs. */
export interface EarlyOptions {
  readonly deps: ResyncDeps;
  readonly term: Term;
  readonly clock: Clock;
  readonly log: RateLimitedLog;
}

/** The index for events alone. */
export class EarlyIndex {
  readonly #index: CloudIndex;
  readonly #over = new AbortController();
  readonly #tried = Promise.withResolvers<void>();
  #isReady = false;

  constructor(readonly options: EarlyOptions) {
    this.#index = new CloudIndex(options.deps.region);
  }

  /** Resolves when the first try to prepare it is over, whatever came of it, or it is not needed any more. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  /** The index, once it can be used and as long as it is needed; null before and after. */
  get ready(): CloudIndex | null {
    return this.#isReady && !this.#over.signal.aborted ? this.#index : null;
  }

  /** Beside which that of the full resync is made, so that ids and keys are stored once; null: it is over. */
  get beside(): CloudIndex | null {
    return this.#over.signal.aborted ? null : this.#index;
  }

  /**
   * Asks which extensions Neutron has, without which its answers are not understood, and looks through etcd's
   * keys. What fails is tried again. Resolves when the index is ready or not needed any more.
   */
  async prepare(): Promise<void> {
    const { deps, term, clock, log } = this.options;
    const signal = AbortSignal.any([term.signal, this.#over.signal]);
    const left = new Set([
      () => deps.neutron.askExtensions(signal),
      () => new SeenKeys(new SyncRun(deps, { ...term, signal }, this.#index)).look(),
    ]);
    for (let failures = 0; !signal.aborted;) {
      const errors: unknown[] = [];
      await Promise.all([...left].map(async (step) => {
        try {
          await step();
          left.delete(step);
        } catch (error) {
          errors.push(error);
        }
      }));
      this.#isReady = left.size === 0;
      this.#tried.resolve();
      if (signal.aborted || this.#isReady) return;
      log.warn("what Neutron announces cannot be handled yet", { error: errors[0] });
      await clock.sleep(backoffMs(BACKOFF, failures++), signal).catch(() => {});
    }
  }

  /** Another takes its place: it is closed when these who use it have ended. */
  endAfter(users: readonly Promise<unknown>[]): CloudIndex {
    const index = this.end();
    void Promise.all(users).then(() => index.close());
    return index;
  }

  /** A full resync is through, or nobody handles events any more. Close the index when nobody uses it. */
  end(): CloudIndex {
    this.#over.abort();
    this.#tried.resolve();
    return this.#index;
  }
}

/**
 * Waits until events can be handled, or that has failed once, or 5 s have passed: there is one look through etcd's
 * keys at a time, and changes do not wait for what takes minutes. Returns early when the term is over.
 */
export async function eventsFirst(
  events: { readonly prepared: Promise<void> } | null,
  { clock }: Pick<JobContext, "clock">,
  { signal }: Term,
): Promise<void> {
  if (!events) return;
  const options = { clock, signal };
  await deadline(events.prepared, EVENTS_FIRST_MS, () => {}, options).catch(() => {}); // the term is over
}

/**
 * Makes equal what these hints name, with an early index; resolves to what was looked at. When it fails, what was
 * looked at is in the index's backlog.
 */
export async function applyEarly(run: SyncRun, { changed, updated }: Hints): Promise<Scope> {
  const { ports, groups, subnets } = await readChanged(run, changed);
  const named = { ports, groups, subnets };
  if (sizeOf(named) > 0) await reconcile(run, named);
  const showing = await portsShowing(run, changed, updated);
  const others = { ...emptyScope(), ports: showing.difference(ports) };
  if (sizeOf(others) > 0) await reconcile(run, others);
  return { ...named, ports: ports.union(others.ports) };
}

/**
 * Ports that show one of the objects that were updated, as far as there are few: a group of thousands, and a
 * rule of it that says nothing of its name, are no reason to keep Neutron busy while it lists all of them anyway.
 */
async function portsShowing(
  run: SyncRun,
  changed: Changed,
  updated: ReadonlySet<string>,
): Promise<Set<string>> {
  const ports = new Set<string>();
  for (const name of relatedIn(run.index.table)) {
    const { portField, foundBy } = shownOf(run.index.table, name);
    if (portField === null || foundBy !== "filter") continue;
    for (const id of changed[name].intersection(updated)) {
      if (ports.size >= MAX_SHOWING) return ports;
      for (const port of await fewPorts(run, portField, id)) ports.add(port);
    }
  }
  return ports;
}

/** Those whose field names that object, when one page shows all of them; else none. */
async function fewPorts(
  { deps: { neutron }, term: { signal } }: SyncRun,
  field: PortField,
  id: string,
): Promise<string[]> {
  const canFilter = field !== "security_groups" ||
    neutron.extensions.has("port-security-groups-filtering");
  if (!canFilter) return [];
  const where = filtersBy(field, [id]).flat().map((value) => [field, value] as const);
  const walk = neutron.walk("ports", revisionSchema, { fields: REVISION_FIELDS, where });
  const page = await walk.next(signal);
  return page && walk.done ? page.items.map((port) => port.id) : [];
}
