/**
 * What was changed in etcd as Neutron announced it: the newest change of each key, of the last hundreds, in a
 * file of the state directory for whoever asks about one object. The runs of the history have their differences
 * in files of their own.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { describeError, type Log } from "../../base/log.ts";
import { FOLDERS } from "../../process/state_files.ts";
import { readStateFile, writeStateFile } from "../../state/files.ts";
import { type Difference, DifferenceLog, differenceSchema } from "../apply/difference_log.ts";

/** Changes that are kept: the newest, each with as many places as a difference of a run has. */
export const MAX_ANNOUNCED = 500;
/** Of the changes that were announced in one moment. */
const BOUNDS = { objects: 100, bytes: 250_000 };
/** Of all in the file: what is cut to their bounds may still be long. */
const MAX_BYTES = 2_000_000;
const WRITE_INTERVAL_MS = 5000;
const FILE = `${FOLDERS.resources}/announced-changes.json`;

const announcedChangeSchema = differenceSchema.omit({ lines: true, cut: true }).extend({
  /** When it was written, ms since the epoch. */
  at: z.number(),
});
/** One change. */
export type AnnouncedChange = z.infer<typeof announcedChangeSchema>;

const announcedChangesSchema = z.object({
  /** The newest last. */
  changes: z.array(announcedChangeSchema).max(MAX_ANNOUNCED),
});

/** The last changes of one term. */
export class AnnouncedChanges {
  readonly #changes = new Map<
    string,
    { readonly change: AnnouncedChange; readonly bytes: number }
  >();
  #bytes = 0;
  #changed = false;
  #writtenAt = -Infinity;

  constructor(readonly clock: Clock, readonly stateDir: string) {}

  /** For the differences of what is handled in one moment; given to {@linkcode note} once it is written. */
  log(): DifferenceLog {
    return new DifferenceLog(BOUNDS);
  }

  /** Keeps what was written. */
  note({ objects }: DifferenceLog): void {
    const at = this.clock.now();
    for (const object of objects) this.#keep({ ...withoutLines(object), at });
  }

  #keep(change: AnnouncedChange): void {
    const name = `${change.subject.id} ${change.key}`;
    this.#drop(name);
    const bytes = JSON.stringify(change).length;
    this.#changes.set(name, { change, bytes });
    this.#bytes += bytes;
    this.#changed = true;
    while (this.#changes.size > MAX_ANNOUNCED || this.#bytes > MAX_BYTES) {
      this.#drop(this.#changes.keys().next().value!);
    }
  }

  #drop(name: string): void {
    this.#bytes -= this.#changes.get(name)?.bytes ?? 0;
    this.#changes.delete(name);
  }

  /** Writes the file when something has changed, at most every 5 s; that it could not be written is warned of. */
  async publish(log: Pick<Log, "warn">): Promise<void> {
    const now = this.clock.monotonic();
    if (!this.#changed || now - this.#writtenAt < WRITE_INTERVAL_MS) return;
    this.#changed = false;
    this.#writtenAt = now;
    const changes = [...this.#changes.values()].map(({ change }) => change);
    try {
      await writeStateFile(`${this.stateDir}/${FILE}`, { changes });
    } catch (error) {
      log.warn("announced changes cannot be kept for traces", { error: describeError(error) });
    }
  }
}

/** What the file holds, the newest last; empty: nothing was announced to this node yet. */
export async function readAnnouncedChanges(stateDir: string): Promise<AnnouncedChange[]> {
  return (await readStateFile(`${stateDir}/${FILE}`, announcedChangesSchema))?.changes ?? [];
}

function withoutLines({ lines: _, cut: __, ...rest }: Difference) {
  return rest;
}
