/**
 * What feeds a run: what Neutron wants, in the order in which it is to be written, and what etcd held before
 * Neutron was asked. A source reads and translates; it writes nothing and decides on no deletion (`apply.ts`).
 *
 * @module
 */
import type { Scope } from "../index/backlog.ts";
import type { Change, Stored } from "../model/compare.ts";
import type { Keyed, Kind } from "../model/kinds.ts";
import type { Desired } from "../model/translate.ts";
import type { Fate } from "./gone.ts";

/** Objects, all or some, on which Neutron and etcd are to agree. */
export interface Source {
  /** Their keys in etcd, known once {@linkcode batches} has given the first. */
  readonly keys: StoredKeys;

  /**
   * What Neutron wants, in batches of one kind each. A batch is written before the ones that follow it, and
   * has landed before anything of a later kind in KINDS is written.
   *
   * @throws when Neutron's answer is not whole: what was said before is written, and nothing is deleted.
   */
  batches(): AsyncIterable<readonly Desired[]>;

  /** The run has failed, and takes no more batches: what the source waits for is given up. */
  giveUp?(): void;

  /** What has become of an object with unwanted keys; null: that is not understood, and they stay. */
  fate(collection: Keyed, id: string): Fate | null;

  /** Objects that Neutron listed, understood or not; null: it was asked for some by their ids. */
  listed(collection: Keyed | "floatingips"): number | null;

  /** Ids that listed objects name and that Neutron does not show; null: that was not looked at. */
  hidden(collection: Keyed): ReadonlySet<string> | null;

  /** Ports that the list lacked though Neutron has them, after the last batch: they are looked at by id. */
  readonly missed: Iterable<string>;

  /** Some of the objects once more, each read afresh by its id. */
  named(scope: Scope): Source;
}

/** What etcd held before Neutron was asked. */
export interface StoredKeys {
  /** The values of a batch's keys, by key. It is called as soon as the batch is there. */
  read(wants: readonly Desired[]): Promise<ReadonlyMap<string, Stored>>;

  /**
   * Notes what a comparison has found (null: the key is right); the change as it is to be written, against
   * the mod revision that the key had before Neutron was asked.
   */
  compared(want: Desired, stored: Stored | undefined, change: Change | null): Change | null;

  /** Deletions of the keys that nothing wants, once all batches are compared. It may be called twice. */
  unwanted(kind: Kind): Iterable<Change>;

  /** What etcd holds of such keys, as far as that is known or the run's sink wants to know it. */
  readUnwanted(kind: Kind, changes: readonly Change[]): Promise<ReadonlyMap<string, Stored>>;

  /** How many keys of a kind etcd holds, as far as is known. */
  count(kind: Kind): number;
}
