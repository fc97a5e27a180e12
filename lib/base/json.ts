/** JSON that may be none. @module */

/** The value in a JSON text, or undefined when it is none: `null` is a value. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object in a JSON text, or null when there is none: a list, `null` and a bare value are none. */
export function parseJsonObject(text: string): Record<string, unknown> | null {
  const value = parseJson(text);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value as Record<string, unknown> : null;
}
