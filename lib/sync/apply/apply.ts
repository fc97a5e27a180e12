/**
 * The one way in which etcd is made equal to Neutron, whatever a run looks at: what differs is written in
 * the order of KINDS, what nothing wants is deleted in the reverse order as far as that is certain, a swap
 * that fails is tried again alone from fresh data, and floating addresses that endpoints would lose are asked
 * for. Where the changes go is the run's sink: without one that writes, all of this is a dry run.
 *
 * etcd is read before Neutron and every write is a compare-and-swap against what was read, so that a
 * concurrent write can only make it fail, never be overwritten.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { deadline } from "../../base/deadline.ts";
import { emptyScope, newWork } from "../index/backlog.ts";
import type { Stored } from "../model/compare.ts";
import { type Kind, KINDS } from "../model/kinds.ts";
import type { Desired } from "../model/translate.ts";
import { changeOf, keysElsewhere, readElsewhere } from "./change_of.ts";
import { confirmFloatingLosses } from "./floating_losses.ts";
import { removeUnwanted } from "./remove_unwanted.ts";
import type { Source } from "./source.ts";
import type { SyncRun } from "./sync_run.ts";

const RETRIES = 5;
/** A batch that takes longer is late, ms. */
const LATE_MS = 1000;
/** Ports that are looked at once more at a time: the values of so many are in memory. */
const CHUNK = 500;

/**
 * Makes etcd equal to what the source says. What changes all the time is left to a later run, in the index's
 * backlog.
 *
 * @throws what reading or writing threw; {@linkcode FenceLostError}: another node leads.
 */
export async function apply(run: SyncRun, source: Source): Promise<void> {
  await applyOnce(run, source);
  await retryConflicts(run, source);
  await applyAgain(run, source, source.missed);
  const lost = await confirmFloatingLosses(run, source.listed("floatingips"));
  await applyAgain(run, source, lost);
  run.doubtfulAddresses.clear(); // what is still doubtful stays, and is accounted for
}

async function applyOnce(run: SyncRun, source: Source): Promise<void> {
  await writeWanted(run, source);
  await removeUnwanted(run, source);
  run.throwIfFull();
}

/** Ports whose data have to be read once more. */
async function applyAgain(run: SyncRun, source: Source, ports: Iterable<string>): Promise<void> {
  const all = [...ports];
  for (let at = 0; at < all.length; at += CHUNK) {
    const scope = { ...emptyScope(), ports: new Set(all.slice(at, at + CHUNK)) };
    await applyOnce(run, source.named(scope));
    await retryConflicts(run, source);
  }
}

/** A batch, with what etcd holds of its keys. */
interface Batch {
  readonly kind: Kind;
  readonly wants: readonly Desired[];
  readonly stored: Promise<ReadonlyMap<string, Stored>>;
}

/** Writes what differs. The values of a batch are on their way while the one before it is compared. */
async function writeWanted(run: SyncRun, source: Source): Promise<void> {
  let last: Batch | null = null;
  let written: Kind | null = null;
  const writeOne = async (batch: Batch) => {
    const values = await batch.stored;
    // Nothing is written before all that has to be there first has landed.
    const isLater = written !== null && KINDS.indexOf(written) < KINDS.indexOf(batch.kind);
    if (isLater) await run.settle(written!);
    written = batch.kind;
    await writeBatch(run, source, batch, values);
  };
  const write = async (batch: Batch, isLast = false) => {
    try {
      await writeOne(batch);
      if (isLast) await run.settle(batch.kind);
    } catch (error) {
      source.giveUp?.(); // before the loop ends, which waits for the batch that is on its way
      throw error;
    }
  };
  try {
    for await (const wants of orLate(source.batches(), run.deps.clock)) {
      if (wants === null) {
        const before = last;
        last = null;
        if (before) await write(before, true);
        continue;
      }
      if (wants.length === 0) continue;
      const next = { kind: wants[0]!.kind, wants, stored: source.keys.read(wants) };
      next.stored.catch(() => {}); // it is awaited in its turn, if that comes
      const before = last;
      last = null;
      if (before) await write(before);
      last = next;
    }
  } finally {
    // Also when the source has failed: what it said before that is so.
    if (last) await write(last, true);
  }
}

/**
 * The batches, with null where one takes long: what came before it is written now, not when Neutron has answered
 * and it is old.
 */
async function* orLate<T>(batches: AsyncIterable<T>, clock: Clock): AsyncGenerator<T | null> {
  const iterator = batches[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = iterator.next();
      const inTime = await deadline(next, LATE_MS, () => null, { clock });
      if (inTime === null) yield null;
      const { value, done } = inTime ?? await next;
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Waits only where there is something to wait for: a promise or two for each key would be a tenth of the time. */
async function writeBatch(
  run: SyncRun,
  source: Source,
  { kind, wants }: Batch,
  values: ReadonlyMap<string, Stored>,
): Promise<void> {
  const { clock } = run.deps;
  const counts = run.kinds[kind];
  let from = clock.monotonic();
  for (const want of wants) {
    const value = values.get(want.key);
    counts.neutronItems++;
    const others = value ? [] : keysElsewhere(run, want);
    const elsewhere = others.length > 0 ? await readElsewhere(run, others) : undefined;
    const found = changeOf(run, want, value, elsewhere);
    const change = source.keys.compared(want, value, found);
    const now = clock.monotonic();
    counts.compareMs += now - from;
    from = now;
    if (change === null) counts.correct++;
    else {
      const room = run.change(kind, change, value);
      if (room) await room;
    }
    if (run.isLong(now)) await run.breathe();
    else if (change === null) continue;
    from = clock.monotonic();
  }
}

/** Tries what failed again, each time from fresh data. */
async function retryConflicts(run: SyncRun, source: Source): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const conflicts = run.conflicts();
    if (conflicts.length === 0) return;
    const scope = emptyScope();
    for (const { subject, key } of conflicts) {
      if (subject.type === "port") run.index.addKey(subject.id, key);
      scope[`${subject.type}s` as const].add(subject.id);
    }
    if (attempt > RETRIES) {
      run.index.addToBacklog(newWork(scope));
      const some = conflicts.slice(0, 3).map(({ key }) => key).join(", ");
      run.warn(
        `${conflicts.length} objects change all the time, left to the next resync: ${some}`,
      );
      return;
    }
    await applyOnce(run, source.named(scope));
  }
}
