/**
 * JSON as Python's `json.dumps` prints it by default: the Python driver compares a subnet's text, and would
 * write again what is printed otherwise. Source: CPython's `json/encoder.py`. Pure.
 *
 * @module
 */

/** The text of a JSON value without cycles; fields that are undefined are left out. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return asciiOnly(JSON.stringify(value));
  const fields = Object.entries(value).filter(([, content]) => content !== undefined)
    .map(([name, content]) => `${asciiOnly(JSON.stringify(name))}: ${pythonJson(content)}`);
  return `{${fields.join(", ")}}`;
}

/** Everything but the printable characters of ASCII as `\uXXXX`; control characters are so already. */
function asciiOnly(text: string): string {
  return text.replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
