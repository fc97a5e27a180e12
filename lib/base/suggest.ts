/** The nearest right word for a wrong one. @module */

/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j] + 1, rows[i]![j - 1] + 1, rows[i - 1]![j - 1] + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, rows[i - 2]![j - 2] + 1);
      rows[i]![j] = best;
    }
  }
  return rows[a.length]![b.length];
}

/** A longer word is none that somebody has misspelt, and would take long to compare. */
const MAX_LENGTH = 64;

/** The nearest of the right words, or null when none is near. */
export function suggest(word: string, right: readonly string[]): string | null {
  if (word.length > MAX_LENGTH) return null;
  const ranked = right.map((name) => ({ name, distance: editDistance(word, name) }))
    .sort((x, y) => x.distance - y.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.name : null;
}
