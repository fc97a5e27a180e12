/** What this node itself has seen of the election key, stretch by stretch. @module */
import { clip } from "../base/clip.ts";
import type { RawElectionKey, Sighting } from "../state/records.ts";

/** Stretches that are kept. */
const MAX_SIGHTINGS = 40;
/** Between two looks the key counts as watched, ms. */
export const WATCHED_MS = 25_000;
const MAX_CHARS = 120;

/** Joins equal looks to one stretch. */
export class Sightings {
  /** Newest first. */
  #all: readonly Sighting[];

  /** @param earlier those of an earlier manager, newest first */
  constructor(earlier: readonly Sighting[] = []) {
    this.#all = earlier;
  }

  /** Newest first. */
  get all(): Sighting[] {
    return [...this.#all];
  }

  /** A look at the key, at `now`, ms since the epoch. */
  saw(key: RawElectionKey | null, now: number): void {
    const term = key?.createRevision ?? null;
    const id = key === null ? null : clip(key.value, MAX_CHARS);
    this.#add({ is: key ? "held" : "free", from: now, to: now, term, id, why: null });
  }

  /** A look that etcd did not answer. @param asked when it was asked, ms since the epoch */
  unread(why: string, asked: number, now: number): void {
    const none = { term: null, id: null };
    this.#add({ is: "unread", from: asked, to: now, ...none, why: clip(why, MAX_CHARS) });
  }

  /** etcd has gone back: a backup was restored. */
  restored(now: number): void {
    this.#add({ is: "restored", from: now, to: now, term: null, id: null, why: null });
  }

  #add(look: Sighting): void {
    const [last, ...earlier] = this.#all;
    // Whoever was paused did not look in between; a clock that went back begins anew.
    const sinceMs = look.from - (last?.to ?? -Infinity);
    const same = last && last.is === look.is && last.term === look.term && last.id === look.id &&
      look.is !== "restored" && sinceMs <= WATCHED_MS && look.to >= last.to;
    this.#all = same
      ? [{ ...last, to: look.to, why: look.why }, ...earlier]
      : [look, ...this.#all].slice(0, MAX_SIGHTINGS);
  }
}
