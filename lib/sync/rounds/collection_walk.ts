/**
 * A collection's part of a round: its list is walked a few pages at a time, in the order of ids. What is new or
 * has another revision is to be looked at; in a whole round also what otherwise differs from what is known, and
 * what etcd holds otherwise.
 *
 * @module
 */
import type { ListWalk } from "../../openstack/list_walk.ts";
import type { Listing } from "../../openstack/listing.ts";
import type { NeutronClient } from "../../openstack/neutron.ts";
import {
  FAULT_FIELDS,
  type FloatingIp,
  type PortSeen,
  portSeen,
  REVISION_FIELDS,
  revisionSchema,
  STATE_FIELDS,
} from "../../openstack/records.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { type Followed, type ObjectOf, relatedIn } from "../model/collections.ts";
import { COLLECTION_OF, type Keyed } from "../model/kinds.ts";
import { differing } from "./compare_keys.ts";

/** Objects of a slice at least, unless the list ends before that. */
const SLICE_OBJECTS = 1000;
/** Pages of a slice at most: when pages are small. */
const SLICE_PAGES = 10;

/** What a slice has found. */
export interface Found {
  /** Ids of what is to be looked at. */
  readonly changed: Set<string>;
  /** Revisions of those, to be noted when nothing else is learned of them. */
  readonly revisions: Map<string, number>;
}

/** Walks one collection of one round. */
export class CollectionWalk<C extends Followed = Followed> {
  /** Objects that the list has shown so far, understood or not. */
  listed = 0;
  #walk: ListWalk<{ id: string; revision_number: number }> | null = null;
  /** What is known of the records of the page that is being read. */
  #known: ((record: unknown) => boolean) | null = null;
  #startedAt = 0;
  /** Where Neutron does not count revisions they tell nothing. */
  readonly #isCounted: boolean;
  /** Objects are read whole. */
  readonly #isWhole: boolean;

  constructor(
    readonly name: C,
    readonly neutron: NeutronClient,
    readonly index: CloudIndex,
    /** Objects are compared with etcd. */
    readonly whole: boolean,
  ) {
    this.#isCounted = neutron.extensions.has("standard-attr-revisions");
    this.#isWhole = whole || !(index.table[name].isCounted ?? true);
  }

  /** Whether the end of the list is proven. */
  get done(): boolean {
    return this.#walk?.done ?? false;
  }

  /** Objects that the whole list has not shown. */
  gone(): string[] {
    return this.index.revisions[this.name].gone("round");
  }

  /**
   * Reads the next slice, and adds what is to be looked at.
   *
   * @throws {OpenstackError} a page failed: called again it goes on there, and what was added stays.
   */
  async read(run: SyncRun, found: Found): Promise<void> {
    const { deps } = run;
    const walk = this.#walk ??= this.#open(run);
    const before = this.listed;
    for (let page = 0; page < SLICE_PAGES && this.listed - before < SLICE_OBJECTS; page++) {
      const askedAt = deps.clock.now();
      const states: PortSeen[] = [];
      this.#known = (record) => this.#seeRecord(record, found, states);
      deps.progress(this.#isWhole ? "reading Neutron" : "listing revisions");
      const listing = await walk.next(run.term.signal);
      try {
        if (listing) await this.#take(run, listing, found);
      } finally {
        // Also when etcd fails: the page does not come again.
        if (states.length > 0) deps.onPorts?.(states, askedAt);
      }
      if (walk.done) {
        if (this.name === "ports") deps.onPortsEnd?.(this.#startedAt);
        return;
      }
    }
  }

  #open({ deps }: SyncRun): ListWalk<{ id: string; revision_number: number }> {
    this.#startedAt = deps.clock.now();
    this.index.revisions[this.name].startListing("round");
    const { schema, fields } = this.index.table[this.name];
    const tells = this.name === "ports" && deps.onPorts !== undefined;
    const optional = tells ? FAULT_FIELDS : [];
    // Most records are just as they should; only others are worth a closer look.
    const known = (record: unknown) => this.#known?.(record) ?? false;
    if (this.#isWhole) {
      return this.neutron.walk<ObjectOf<C>>(this.name, schema, { fields, optional, known });
    }
    const short = [...REVISION_FIELDS, ...tells ? STATE_FIELDS : []];
    return this.neutron.walk(this.name, revisionSchema, { fields: short, optional, known });
  }

  async #take(run: SyncRun, page: Listing<unknown>, found: Found) {
    // What is not understood is there all the same; its record is asked for by id.
    const known = page.refused.filter(({ id }) => id !== "" && this.#see(id, -1, found));
    if (!this.#isWhole) return;
    if (this.whole) run.leaveRefused(this.name, known);
    const objects = page.items as ObjectOf<C>[];
    const same = objects.filter((object) => {
      const { id, revision_number } = object;
      const isKnown = this.#see(id, revision_number, found);
      if (isKnown && !this.#showsSame(object)) found.changed.add(id);
      return isKnown && !found.changed.has(id);
    });
    const { name } = this;
    if (!this.whole || !isKeyed(name)) return;
    try {
      const differ = await differing(run, name, same as ObjectOf<typeof name>[]);
      for (const id of differ) found.changed.add(id);
    } catch (error) {
      // The page does not come again: they are looked at by name.
      for (const { id } of same) found.changed.add(id);
      throw error;
    }
  }

  /** Whether that is all there is to do with it. */
  #seeRecord(record: unknown, found: Found, states: PortSeen[]): boolean {
    if (this.name === "ports") this.#seeState(record, states);
    if (this.#isWhole) return false;
    const { id, revision_number } = record as { id?: unknown; revision_number?: unknown };
    if (typeof id !== "string" || typeof revision_number !== "number") return false;
    this.#see(id, revision_number, found);
    return true;
  }

  #seeState(record: unknown, states: PortSeen[]): void {
    const seen = portSeen(record);
    if (seen) states.push(seen);
  }

  /** Whether it is known just so; otherwise it is to be looked at. */
  #see(id: string, revision: number, { changed, revisions }: Found): boolean {
    this.listed++;
    const isKnown = this.index.revisions[this.name].listed(id, revision, "round");
    // A round that compares nothing else would find nothing at all.
    if (isKnown && (this.#isCounted || this.whole)) return true;
    changed.add(id);
    revisions.set(id, revision);
    return false;
  }

  /** Whether what others show of it is what is known. */
  #showsSame(object: ObjectOf<C>): boolean {
    const { floatingIps, related, table } = this.index;
    if (this.name === "floatingips") return floatingIps.has(object as unknown as FloatingIp);
    const name = relatedIn(table).find((name) => name === this.name);
    return name === undefined || related.showsSame(name, object as ObjectOf<typeof name>);
  }
}

function isKeyed(name: Followed): name is Keyed {
  return Object.values(COLLECTION_OF).some((keyed) => keyed === name);
}
