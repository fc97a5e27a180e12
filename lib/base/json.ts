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
