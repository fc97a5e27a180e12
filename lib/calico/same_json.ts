/** Equality of JSON values. Pure. @module */

type Json = Record<string, unknown>;

/** What JSON would show of it. */
function namesIn(object: Json): string[] {
  return Object.keys(object).filter((name) => object[name] !== undefined);
}

/**
 * Whether two JSON values are equal, whatever the order of their keys. Without recursion: what others wrote
 * may be nested deeper than the stack is.
 */
export function sameJson(one: unknown, other: unknown): boolean {
  const pairs: [unknown, unknown][] = [[one, other]];
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [a, b] = pair;
    if (a === b) continue;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    const [inA, inB] = [a as Json, b as Json];
    const names = namesIn(inA);
    if (names.length !== namesIn(inB).length) return false;
    for (const name of names) {
      if (!Object.hasOwn(inB, name)) return false;
      pairs.push([inA[name], inB[name]]);
    }
  }
  return true;
}
