/**
 * Whether etcd was harmed: every part of every key is what it was before the bad day or what Neutron
 * truly says, and nothing that Neutron still has is gone or blank.
 *
 * @module
 */
import type { Facets, Held, Source, Sources } from "./facets.ts";
import { isBlank, subjectOf } from "./facets.ts";

/** What etcd held before the bad day, and what it would hold of the cloud on a good one. */
export interface Truth {
  readonly before: Held;
  readonly after: Held;
  readonly sources: Sources;
  /** What the product may remember of the cloud before: see `shownOf`. */
  readonly known: ReadonlySet<string>;
}

/** What was found. */
export interface Judgement {
  /** Keys that were looked at. */
  readonly keys: number;
  /** Of those that had to change, how many have. */
  readonly changed: number;
  readonly toChange: number;
  /** What is neither as it was nor as it is in Neutron. */
  readonly harm: readonly string[];
}

/** Looks at every key. `bare`: what is new may show less than there is. */
export function judge(held: Held, { before, after, known }: Truth, bare = false): Judgement {
  const keys = new Set([...before.keys(), ...after.keys(), ...held.keys()]);
  const harm: string[] = [];
  let [changed, toChange] = [0, 0];
  for (const key of keys) {
    const [was, is, will] = [before.get(key), held.get(key), after.get(key)];
    if (!same(was, will)) {
      toChange++;
      if (same(is, will)) changed++;
    }
    if (!(bare && !was && will)) harm.push(...harmOf(key, [was, is, will], { before, known }));
  }
  return { keys: keys.size, changed, toChange, harm };
}

function same(a: Facets | undefined, b: Facets | undefined): boolean {
  if (!a || !b) return a === b;
  return a.size === b.size && [...a].every(([name, facet]) => b.get(name) === facet);
}

function harmOf(
  key: string,
  [was, is, will]: readonly [Facets | undefined, Facets | undefined, Facets | undefined],
  { before, known }: Pick<Truth, "before" | "known">,
): string[] {
  const about = key.split("/").slice(-3).join("/");
  if (!is) return was && will ? [`${about} is deleted, and Neutron has it`] : [];
  if (!was && !will) return [`${about} is made up`];
  const harm: string[] = [];
  for (const [name, facet] of is) {
    if ([was?.get(name), will?.get(name)].includes(facet)) continue;
    // What an endpoint did not show before may not be known yet, or only as it was before.
    const isNew = !was?.has(name) || isBlank(name, was.get(name)!);
    const moved = isNew ? shownElsewhere(before, key, name) : [];
    if (moved.includes(facet) || (isNew && known.has(`${name} ${facet}`))) continue;
    if (isNew && moved.length === 0 && isBlank(name, facet)) continue;
    harm.push(`${about}: ${name} is ${facet}, was ${was?.get(name)}, is to be ${will?.get(name)}`);
  }
  for (const name of will?.keys() ?? []) {
    if (is.has(name) || !was?.has(name)) continue;
    harm.push(`${about}: ${name} is gone, and Neutron has it`);
  }
  return harm;
}

/** What the same port showed there under another key, as before it moved to another host. */
function shownElsewhere(before: Held, key: string, name: string): string[] {
  const subject = subjectOf(key);
  return [...before].filter(([other]) => subjectOf(other) === subject)
    .map(([, facets]) => facets.get(name))
    .filter((facet) => facet !== undefined && !isBlank(name, facet)) as string[];
}

/**
 * What should have become as in Neutron and has not, though none of the objects that it comes from is
 * excused.
 */
export function missed(
  held: Held,
  { after, sources }: Truth,
  excused: (source: Source) => boolean,
): string[] {
  const found: string[] = [];
  for (const key of new Set([...after.keys(), ...held.keys()])) {
    if (excused(subjectOf(key))) continue;
    const [is, will] = [held.get(key), after.get(key)];
    const about = key.split("/").slice(-3).join("/");
    if (!is || !will) {
      if (is) found.push(`${about} is still there`);
      else found.push(`${about} is missing`);
      continue;
    }
    for (const name of new Set([...is.keys(), ...will.keys()])) {
      if (is.get(name) === will.get(name)) continue;
      if (sources.of(key, name).some(excused)) continue;
      found.push(`${about}: ${name} is ${is.get(name)}, is to be ${will.get(name)}`);
    }
  }
  return found;
}
