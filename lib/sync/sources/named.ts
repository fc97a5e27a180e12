/**
 * Some objects, named by their ids: their keys are read from etcd first, then the objects from Neutron. The
 * narrow resync, the incremental one, what Neutron announces and the retry of a failed swap are all this.
 *
 * @module
 */
import { joinAll } from "../../base/join_loops.ts";
import { apply } from "../apply/apply.ts";
import type { Fate } from "../apply/gone.ts";
import type { Source } from "../apply/source.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { newWork, type Scope } from "../index/backlog.ts";
import { type Keyed, KINDS } from "../model/kinds.ts";
import type { Desired } from "../model/translate.ts";
import { ReadKeys } from "./read_keys.ts";
import { readAddressGroups, readFresh, readMissing } from "./read_related.ts";
import { Translation } from "./translation.ts";

/** How objects are looked at. */
export interface ReconcileOptions {
  /**
   * What endpoints show of other objects is read as well, rather than taken from the index, which is right as
   * long as somebody follows the changes of those.
   *
   * @default true
   */
  readonly fresh?: boolean;
}

/** Makes the objects equal. When it fails, they go into the index's backlog for a later run. */
export async function reconcile(
  run: SyncRun,
  scope: Scope,
  { fresh = true }: ReconcileOptions = {},
): Promise<void> {
  try {
    await apply(run, new NamedSource(run, scope, fresh));
  } catch (error) {
    run.index.addToBacklog(newWork(scope));
    throw error;
  }
}

/** Feeds a run with the objects of a scope. */
export class NamedSource implements Source {
  readonly missed: readonly string[] = [];
  readonly keys: ReadKeys;
  /** Ids of the objects that Neutron has, and of those of them that want a key. */
  readonly #found = new Set<string>();
  readonly #wanting = new Set<string>();
  /** Ids of records that could not be understood: what they stand for stays. */
  readonly #refused = new Set<string>();

  constructor(
    readonly run: SyncRun,
    readonly scope: Scope,
    /** See {@linkcode ReconcileOptions.fresh}. */
    readonly fresh: boolean,
  ) {
    this.keys = new ReadKeys(run, scope);
  }

  async *batches(): AsyncGenerator<readonly Desired[]> {
    const { run } = this;
    await this.keys.look();
    run.deps.progress("reading Neutron");
    const read = () => this.#read();
    const { groups, subnets, ports } = await run.timed("WorkloadEndpoint", "neutronReadMs", read);
    const translation = new Translation(run, this.#refused);
    const wanted = [
      ...translation.subnets(subnets),
      ...translation.groups(groups),
      ...translation.ports(ports).flat(),
    ];
    for (const { subject } of wanted) this.#wanting.add(subject.id);
    for (const kind of KINDS) yield wanted.filter((want) => want.kind === kind);
  }

  fate(_collection: Keyed, id: string): Fate | null {
    if (this.#refused.has(id)) return null;
    if (this.#wanting.has(id)) return "moved";
    return this.#found.has(id) ? "shrunk" : "missing";
  }

  listed(): null {
    return null;
  }

  hidden(): null {
    return null;
  }

  named(scope: Scope): Source {
    return new NamedSource(this.run, scope, true);
  }

  async #read() {
    const { run, scope, fresh } = this;
    const { index } = run;
    const [groups, subnets, ports] = await joinAll(run.term.signal, [
      (signal) => run.byId("security-groups", scope.groups, signal),
      (signal) => run.byId("subnets", scope.subnets, signal),
      (signal) => run.byId("ports", scope.ports, signal),
    ]);
    run.leaveRefused("security-groups", groups.refused, this.#refused);
    run.leaveRefused("subnets", subnets.refused, this.#refused);
    run.leaveRefused("ports", ports.refused, this.#refused);
    for (const { id } of [...groups.items, ...subnets.items, ...ports.items]) this.#found.add(id);
    for (const id of scope.ports) {
      if (!this.#found.has(id) && !this.#refused.has(id)) index.ports.delete(id);
    }
    for (const port of ports.items) index.notePort(port);
    index.related.unavailable = run.deps.neutron.extensions.unavailable;
    // A group or subnet that nobody has told of yet gets its own object too.
    const news = fresh
      ? await readFresh(run, ports.items)
      : await readMissing(run, ports.items, scope);
    const all = {
      groups: [...groups.items, ...news.groups],
      subnets: [...subnets.items, ...news.subnets],
      ports: ports.items,
    };
    await readAddressGroups(run, all.groups, fresh);
    return all;
  }
}
