/**
 * What every run over the cloud has in common, be it full, incremental or narrow: where it reads,
 * where its changes go, what it counts.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { z } from "zod";
import type { QosOptions } from "../../calico/qos.ts";
import { calicoNamespace } from "../../calico/regions.ts";
import { clip } from "../../base/clip.ts";
import type { Clock } from "../../base/clock.ts";
import type { Term } from "../../role/master_context.ts";
import type { KeystoneAuth } from "../../openstack/keystone.ts";
import type { Listing } from "../../openstack/listing.ts";
import type { NeutronClient } from "../../openstack/neutron.ts";
import { type PortSeen, REVISION_FIELDS, revisionSchema } from "../../openstack/records.ts";
import {
  type Guard,
  type KindCounts,
  kindCountsSchema,
  type LeftOut,
} from "../../state/records.ts";
import { FencedWriter } from "../../etcd/fenced_write.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import type { Change, Stamps, Stored } from "../model/compare.ts";
import { traced } from "../../base/tracing.ts";
import type { DifferenceLog } from "./difference_log.ts";
import { type Loss, whyHeld } from "./guard.ts";
import type { Sink } from "./sink.ts";
import type { Step } from "./step.ts";
import type { Collection, Followed, ObjectOf } from "../model/collections.ts";
import { COLLECTION_OF, type Kind, KINDS } from "../model/kinds.ts";

/** What a run works with. */
export interface ResyncDeps {
  readonly etcd: Etcd3;
  readonly neutron: NeutronClient;
  readonly keystone: KeystoneAuth;
  readonly clock: Clock;
  readonly region: string | null;
  /** @default networking-calico's */
  readonly qos?: QosOptions;
  /** See `address_pair_networks`. @default none */
  readonly pairNetworks?: readonly string[];
  /** See `max_deletions`; null: the guards' own limit. @default null */
  readonly maxDeletions?: number | null;
  /** Called with each page read and each batch written. */
  progress(step: Step): void;
  /** Where what differs is noted for people, if anywhere. */
  readonly differences?: DifferenceLog;
  /** Hears of the ports of each page; `askedAt`: ms since the epoch, from before the page was asked for. */
  onPorts?(seen: readonly PortSeen[], askedAt: number): void;
  /** All ports have been seen since then, ms since the epoch. */
  onPortsEnd?(startedAt: number): void;
}

/** How a run differs from the usual one. */
export interface RunOptions {
  /** Where changes go; by default to etcd. Elsewhere: nothing at all is written. */
  readonly sink?: Sink;
  /** What the guards would hold back is let through: an operator has said so. */
  readonly allowDeletions?: boolean;
  /** Ids of objects that Neutron has announced as deleted. */
  readonly announced?: ReadonlySet<string>;
  /**
   * Takes the ids of objects that seem to be gone, or to want less than before, so that nothing is deleted that
   * has to be believed: the run sees only a part, and the loss is judged as a whole later.
   */
  readonly later?: (collection: Followed, ids: Iterable<string>) => void;
}

/** What a run did. */
export interface ResyncResult {
  readonly kinds: Record<Kind, KindCounts>;
  readonly warnings: string[];
  /** Collections of which nothing was deleted. */
  readonly guards: Guard[];
  /** Objects that are as they were in etcd. */
  readonly leftOut: LeftOut[];
}

const COUNTED = { create: "created", update: "updated", delete: "deleted" } as const;
/** Work goes on for so long before the event loop gets its turn, ms. */
const SLICE_MS = 15;
const MAX_WARNINGS = 20;
/** Objects that a guard names, or that are named as left out. */
export const MAX_NAMES = 10;
const MAX_WARNING_CHARS = 500;

/** A run while it goes on: its counts, times and pauses. */
export class SyncRun {
  readonly kinds = Object.fromEntries(KINDS.map((kind) => [kind, noCounts()])) as Record<
    Kind,
    KindCounts
  >;
  readonly warnings: string[] = [];
  readonly guards: Guard[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly stamps: Stamps;
  /** Floating addresses that certainly do not belong to where endpoints show them. */
  readonly goneAddresses = new Set<string>();
  /** By port: floating addresses that its endpoint shows and Neutron does not, which is not certain yet. */
  readonly doubtfulAddresses = new Map<string, ReadonlySet<string>>();
  /** Where its changes go. */
  readonly sink: Sink;
  #sliceAt: number;
  readonly #parts = new Set<string>();

  /** @throws {TypeError} for an observer's term, when it would write to etcd. */
  constructor(
    readonly deps: ResyncDeps,
    readonly term: Term,
    /** Where what is read and found is noted. */
    readonly index: CloudIndex,
    readonly options: RunOptions = {},
  ) {
    this.sink = options.sink ??
      new FencedWriter<Change>(deps.etcd, term, () => deps.progress("writing"), true);
    this.stamps = {
      namespace: calicoNamespace(deps.region),
      creationTimestamp: new Date(deps.clock.now()).toISOString().replace(/\.\d+Z$/, "Z"),
      newUid: () => crypto.randomUUID(),
    };
    this.#sliceAt = deps.clock.monotonic();
  }

  /** Passes a change on; null: more may come, else wait until they may. */
  change(kind: Kind, change: Change, stored: Stored | undefined): Promise<void> | null {
    const counts = this.kinds[kind];
    counts[COUNTED[change.action]]++;
    this.deps.differences?.add(change, stored);
    const from = this.deps.clock.monotonic();
    const taken = () => {
      counts.writeMs += this.deps.clock.monotonic() - from;
      this.#uncount(this.sink.refused.splice(0));
    };
    const room = this.sink.add(change, stored);
    if (room) return room.then(taken);
    taken();
    return null;
  }

  /** etcd is full, and takes deletions only. */
  get full(): boolean {
    return this.sink.full !== null;
  }

  /** @throws {Error} etcd is full: what it said. */
  throwIfFull(): void {
    if (this.sink.full) throw this.sink.full;
  }

  #uncount(changes: readonly Change[]): void {
    for (const { kind, action } of changes) this.kinds[kind][COUNTED[action]]--;
  }

  /** Neutron's objects whose field has one of the values, until the signal aborts. @throws as {@linkcode NeutronClient.listBy}. */
  listBy<T extends { id: string }>(
    collection: Followed,
    schema: z.ZodType<T>,
    field: string,
    values: Iterable<string>,
    fields?: readonly string[],
    signal = this.term.signal,
  ): Promise<Listing<T>> {
    const { neutron } = this.deps;
    return neutron.listBy(collection, schema, signal, field, [...values], fields);
  }

  /** Objects of a collection by their ids, as its row in the table says. */
  byId<C extends Followed>(
    collection: C,
    ids: Iterable<string>,
    signal?: AbortSignal,
  ): Promise<Listing<ObjectOf<C>>> {
    const { schema, fields } = this.index.table[collection];
    return this.listBy<ObjectOf<C>>(collection, schema, "id", ids, fields, signal);
  }

  /** Ids and revisions of objects whose field has one of the values. */
  revisionsBy(collection: Followed, field: string, values: Iterable<string>) {
    return this.listBy(collection, revisionSchema, field, values, REVISION_FIELDS);
  }

  /** Waits until everything is written; what etcd does not take for its size is left, and not counted. */
  async settle(kind: Kind): Promise<void> {
    const from = this.deps.clock.monotonic();
    const attributes = { "conductor.kind": kind };
    await traced("resync write", { attributes }, () => this.sink.flush());
    this.kinds[kind].writeMs += this.deps.clock.monotonic() - from;
    this.#uncount(this.sink.refused.splice(0));
    for (const { kind, action, key, subject, value } of this.sink.tooLarge.splice(0)) {
      this.kinds[kind][COUNTED[action]]--;
      const size = `${Math.ceil((value?.length ?? 0) / 1024)} KiB`;
      const name = `${subject.id}: etcd takes no ${size} at ${key}`;
      this.leave("too-large", COLLECTION_OF[kind], name);
    }
  }

  /** The conflicts so far, taken out of the counts. */
  conflicts(): Change[] {
    const conflicts = this.sink.conflicts.splice(0);
    this.#uncount(conflicts);
    for (const { kind } of conflicts) this.kinds[kind].conflicts++;
    return conflicts;
  }

  warn(text: string): void {
    if (this.warnings.length < MAX_WARNINGS) this.warnings.push(clip(text, MAX_WARNING_CHARS));
  }

  /** Whether it is time, by the monotonic clock, that the event loop has its turn. */
  isLong(now: number): boolean {
    return now - this.#sliceAt >= SLICE_MS;
  }

  /** Lets the event loop have its turn when it is time. @throws the reason, when the term is over. */
  async breathe(): Promise<void> {
    if (!this.isLong(this.deps.clock.monotonic())) return;
    await this.deps.clock.sleep(0, this.term.signal);
    this.deps.progress("comparing");
    this.#sliceAt = this.deps.clock.monotonic();
  }

  /** Adds the time that something takes to a kind's account. */
  async timed<T>(
    kind: Kind,
    what: "etcdReadMs" | "neutronReadMs",
    act: () => Promise<T>,
  ): Promise<T> {
    const from = this.deps.clock.monotonic();
    const phase = what === "etcdReadMs" ? "resync etcd read" : "resync neutron read";
    const result = await traced(phase, { attributes: { "conductor.kind": kind } }, act);
    this.kinds[kind][what] += this.deps.clock.monotonic() - from;
    return result;
  }

  /** Notes that nothing of a collection is deleted; of several such notes the largest counts. */
  hold(collection: Collection, why: Guard["why"], held: number, lost: Iterable<string>): void {
    const all = [...lost];
    const names = all.slice(0, MAX_NAMES).map((name) => clip(name, MAX_WARNING_CHARS));
    const guard = { collection, why, held, lost: all.length, names };
    const at = this.guards.findIndex((of) => of.collection === collection && of.why === why);
    if (at < 0) this.guards.push(guard);
    else if (this.guards[at]!.lost < guard.lost) this.guards[at] = guard;
  }

  /** Whether all of these can be gone from a collection; otherwise that is noted as held back. */
  believes(
    collection: Collection,
    { held, listed }: Omit<Loss, "lost">,
    names: readonly string[],
  ): boolean {
    if (this.options.allowDeletions) return true;
    const lost = names.length;
    const why = whyHeld({ held, listed, lost }, this.deps.maxDeletions ?? null);
    if (why !== null) this.hold(collection, why, held, names);
    return why === null;
  }

  /** Whether something of that collection was held back. */
  holds(collection: string): boolean {
    return this.guards.some((guard) => guard.collection === collection);
  }

  /** Notes an object that is left as it is in etcd, or what cannot be expressed of one, once a run. */
  leave(why: LeftOut["why"], collection: string, name: string): void {
    if (why === "not-expressible" || why === "outside-subnets") {
      if (this.#parts.has(name)) return; // it was tried again
      this.#parts.add(name);
    }
    let of = this.leftOut.find((left) => left.why === why && left.collection === collection);
    if (!of) this.leftOut.push(of = { why, collection, total: 0, names: [] });
    of.total++;
    if (of.names.length < MAX_NAMES) of.names.push(clip(name, MAX_WARNING_CHARS));
  }

  /** Leaves the objects of records that were not understood; their ids go into `ids`. */
  leaveRefused(
    collection: string,
    refused: Listing<unknown>["refused"],
    ids: Set<string> = new Set(),
  ): void {
    for (const { id, why } of refused) {
      ids.add(id);
      this.leave("not-understood", collection, id === "" ? why : `${id}: ${why}`);
    }
  }

  result(): ResyncResult {
    const { kinds, warnings, guards, leftOut } = this;
    return { kinds, warnings, guards, leftOut };
  }
}

function noCounts(): KindCounts {
  const names = Object.keys(kindCountsSchema.shape);
  return Object.fromEntries(names.map((name) => [name, 0])) as KindCounts;
}
