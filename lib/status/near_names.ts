/** Names of hosts that are like another: what a person would have mixed up. Pure. @module */

/** Edits beyond which two names are not alike. */
const MAX_EDITS = 2;

/**
 * The names most like that one, the nearest first: the same but for case or the domain, then those that
 * differ in a letter or two. Never the name itself.
 */
export function nearNames(name: string, others: Iterable<string>, max: number): string[] {
  const found: { other: string; distance: number }[] = [];
  for (const other of others) {
    const distance = other === name ? null : distanceOf(name, other);
    if (distance !== null) found.push({ other, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1));
  return found.slice(0, max).map(({ other }) => other);
}

/** How unlike two names are; null: not alike. */
function distanceOf(a: string, b: string): number | null {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  if (x === y) return 0;
  const [shortX, shortY] = [withoutDomain(x), withoutDomain(y)];
  if (shortX === shortY) return 0.5;
  // Numbers tell hosts apart and are no slip: host-1 is not host-2, but it may be host-01.
  if (withoutNumbers(x) === withoutNumbers(y)) {
    return withoutZeros(x) === withoutZeros(y) ? 1 : null;
  }
  const edits = editsBetween(x, y, MAX_EDITS);
  return edits > MAX_EDITS || edits * 3 > Math.max(x.length, y.length) ? null : edits;
}

function withoutDomain(name: string): string {
  const dot = name.indexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}

function withoutNumbers(name: string): string {
  return name.replaceAll(/\d+/g, "0");
}

function withoutZeros(name: string): string {
  return name.replaceAll(/0+(?=\d)/g, "");
}

/** Letters to insert, drop or replace (Levenshtein); more than `limit` is not told apart. */
function editsBetween(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced));
    }
    if (Math.min(...next) > limit) return limit + 1;
    row = next;
  }
  return row[b.length]!;
}
