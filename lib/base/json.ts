/** Texts that may not be JSON. @module */

/** The value in a JSON text, or undefined when the text is not JSON: `null` is a value. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object in a JSON text, or null for anything else: a list, `null`, a bare value, no JSON at all. */
export function parseJsonObject(text: string): Record<string, unknown> | null {
  const value = parseJson(text);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value as Record<string, unknown> : null;
}

/** Whether lists and objects of a JSON value are nested in more levels than that. */
export function isDeeper(value: unknown, levels: number): boolean {
  const listsAndObjects = (values: unknown[]) =>
    values.filter((it): it is object => typeof it === "object" && it !== null);
  let level = listsAndObjects([value]);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    level = level.flatMap((it) => listsAndObjects(Object.values(it)));
  }
  return false;
}
