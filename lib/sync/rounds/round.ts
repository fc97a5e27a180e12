/**
 * One round of comparing over every followed collection, slice by slice, ports last. What differs is made equal
 * with its slice. Whatever would be deleted and has to be believed waits for the end of the round, where the
 * loss is judged as a whole, just as that of one run: by many small slices a cloud is not lost either.
 *
 * Which limits a port shows depends on two lists, for its network may name the QoS policy. So these two come first,
 * and what they show is made equal together, with what they lack: nothing is deleted for that. Otherwise a port would
 * be looked at while one of them is known as it is and the other as it was, and would show what Neutron never said.
 *
 * A failure wastes no more than its slice: the next call goes on where it was.
 *
 * @module
 */
import type { Project } from "../../openstack/records.ts";
import type { NeutronClient } from "../../openstack/neutron.ts";
import type { Term } from "../../role/master_context.ts";
import type { Guard } from "../../state/records.ts";
import { completeCluster } from "../apply/cluster_config.ts";
import { type ResyncDeps, SyncRun } from "../apply/sync_run.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { type Followed, followedIn } from "../model/collections.ts";
import { applyChanges, type Changed, noChanges } from "../sources/changes.ts";
import { projectsAreDue } from "../sources/read_related.ts";
import { CollectionWalk, type Found } from "./collection_walk.ts";
import { lookThroughKeys } from "./key_look.ts";

/** What a round is made of. */
export interface RoundOptions {
  readonly index: CloudIndex;
  /** Asked for lists; what is looked at by name is asked of the client of the slice's deps. */
  readonly neutron: NeutronClient;
  /** Objects are read whole and compared with etcd. */
  readonly whole: boolean;
}

/** One round, from its first slice to its end. */
export class Round {
  /** Whether all has been compared, and what was missing is judged. */
  ended = false;
  /** There was something that only a full resync can deal with; known at the end. */
  needsFull = false;
  /** Objects that are known at the beginning. */
  readonly total: number;
  readonly #walks: readonly CollectionWalk[];
  #at = 0;
  /** What was found and is not made equal yet, by collection. */
  readonly #found = new Map<Followed, Found>();
  /** The pages of the slice that is under way are read. */
  #isRead = false;
  /** What waits for the end. */
  readonly #later: Changed;
  /** What was held back before the end, where it is told with all else. */
  readonly #held: Guard[] = [];

  constructor(readonly options: RoundOptions) {
    const { index, neutron, whole } = options;
    const offered = followedIn(index.table).filter((name) => neutron.extensions.offers(name));
    const names = offered.toSorted((a, b) => rankOf(a) - rankOf(b));
    this.#walks = names.map((name) => new CollectionWalk(name, neutron, index, whole));
    this.#later = noChanges(index.table);
    this.total = names.reduce((sum, name) => sum + index.revisions[name].size, 0);
  }

  /** Objects that were compared so far. */
  get compared(): number {
    return this.#walks.reduce((sum, { listed }) => sum + listed, 0);
  }

  /** Where it is: a collection, or its end. */
  get place(): Followed | "end" {
    return this.#walks[this.#at]?.name ?? "end";
  }

  /**
   * Does the next slice; resolves to the run, with what it has changed and held back.
   *
   * @throws what reading or writing threw; called again it goes on there.
   */
  async slice(deps: ResyncDeps, term: Term): Promise<SyncRun> {
    const { index } = this.options;
    const walk = this.#walks[this.#at];
    if (!walk) {
      const run = new SyncRun(deps, term, index);
      await this.#finish(run);
      this.ended = true;
      return run;
    }
    const run = new SyncRun(deps, term, index, {
      later: (name, ids) => {
        for (const id of ids) this.#later[name].add(id);
      },
    });
    if (!this.#isRead) {
      const found = this.#foundIn(walk.name);
      await walk.read(run, found);
      if (walk.done && isTakenTogether(walk.name)) {
        this.#addGone(run, walk, found.changed);
        this.#held.push(...run.guards.splice(0));
      }
      this.#isRead = true;
    }
    if (!this.#waits(walk)) await this.#apply(run);
    this.#isRead = false;
    if (walk.done) this.#at++;
    return run;
  }

  #foundIn(name: Followed): Found {
    const found = this.#found.get(name) ?? { changed: new Set(), revisions: new Map() };
    this.#found.set(name, found);
    return found;
  }

  /** Whether what was found waits for the rest of what is taken together. */
  #waits({ name, done }: CollectionWalk): boolean {
    const next = this.#walks[this.#at + 1]?.name;
    return isTakenTogether(name) && !(done && !(next && isTakenTogether(next)));
  }

  async #apply(run: SyncRun): Promise<void> {
    const projects = await dueProjects(run);
    const all = noChanges(run.index.table);
    let count = 0;
    for (const [name, { changed }] of this.#found) {
      for (const id of changed) all[name].add(id);
      count += changed.size;
    }
    if (count > 0 || projects) await applyChanges(run, all, projects);
    // What cannot be understood is looked at again when it has changed again.
    for (const [name, { revisions }] of this.#found) {
      const known = run.index.revisions[name];
      for (const [id, revision] of revisions) {
        if (known.get(id) === undefined) known.set(id, revision);
      }
    }
    this.#found.clear();
  }

  /** Judges what is missing, and looks for what others have left in etcd. */
  async #finish(run: SyncRun): Promise<void> {
    const { whole } = this.options;
    const changed = noChanges(run.index.table);
    if (whole) this.needsFull = await lookThroughKeys(run, changed);
    run.guards.push(...this.#held);
    for (const walk of this.#walks) {
      const { name } = walk;
      if (!isTakenTogether(name)) this.#addGone(run, walk, changed[name]);
      for (const id of this.#later[name]) changed[name].add(id);
      await run.breathe();
    }
    await applyChanges(run, changed, await dueProjects(run));
    if (whole) await completeCluster(run);
  }

  /** Adds what the list has not shown. When so many cannot be gone, nothing of the collection is looked at as gone. */
  #addGone(run: SyncRun, walk: CollectionWalk, changed: Set<string>): void {
    const gone = walk.gone();
    const held = gone.length > 0 ? run.index.revisions[walk.name].size : 0;
    if (!run.believes(walk.name, { held, listed: walk.listed }, gone)) return;
    for (const id of gone) changed.add(id);
  }
}

/** A network may name the QoS policy that its ports show. */
const TAKEN_TOGETHER: readonly Followed[] = ["qos/policies", "networks"];

function isTakenTogether(name: Followed): boolean {
  return TAKEN_TOGETHER.includes(name);
}

/** The place of a collection in a round: what is taken together comes first, ports after all that they name. */
function rankOf(name: Followed): number {
  return isTakenTogether(name) ? 0 : name === "ports" ? 2 : 1;
}

function dueProjects(run: SyncRun): Promise<Project[] | null> {
  const { keystone } = run.deps;
  return projectsAreDue(run) ? keystone.listProjects(run.term.signal) : Promise.resolve(null);
}
