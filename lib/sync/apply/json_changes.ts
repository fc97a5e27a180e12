/**
 * What differs between two values, place by place, for machines: paths are JSON pointers (RFC 6901).
 * Bounded in every way, because the one value is whatever somebody has put into etcd.
 *
 * @module
 */
import { z } from "zod";
import { clip } from "../../base/clip.ts";
import { parseJson } from "../../base/json.ts";
import { pairsOf } from "./list_pairs.ts";

/** Places that are told of one object. */
export const MAX_CHANGES = 40;
const MAX_VALUE_CHARS = 2000;
const MAX_PATH_CHARS = 500;
/** A value that is nested deeper is shown as its text, and never walked through. */
const MAX_DEPTH = 64;

/** One place that differs. */
export const changeSchema = z.object({
  path: z.string().meta({
    description:
      "JSON pointer; empty: the whole value. The index of an item of a list is that in " +
      "etcd; of one that etcd lacks, that in what Neutron wants",
  }),
  before: z.unknown().optional().meta({ description: "What etcd holds; absent: nothing" }),
  after: z.unknown().optional().meta({ description: "What Neutron wants; absent: nothing" }),
  clipped: z.boolean().optional().meta({
    description: "A value was too long, and the beginning of its JSON text stands for it; or the " +
      "path was, or held control characters",
  }),
});
export type JsonChange = z.infer<typeof changeSchema>;

/**
 * The value of a JSON text; the beginning of the text itself when it is no JSON, or deeper than anybody
 * would read.
 */
export function readValue(text: string): unknown {
  if (isDeep(text)) return clip(text, MAX_VALUE_CHARS);
  const value = parseJson(text);
  return value === undefined ? clip(text, MAX_VALUE_CHARS) : value;
}

function isDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") {
      if (++depth > MAX_DEPTH) return true;
    } else if (char === "}" || char === "]") depth--;
  }
  return false;
}

/** The first {@linkcode MAX_CHANGES} places that differ, and how many more there are. */
export function jsonChanges(
  before: string | null,
  after: string | null,
): { changes: JsonChange[]; more: number } {
  const found = new Changes();
  const [was, is] = [before, after].map((text) => text === null ? undefined : readValue(text));
  found.compare("", was, is);
  return found;
}

class Changes {
  readonly changes: JsonChange[] = [];
  more = 0;

  /** `undefined`: there is none. */
  compare(path: string, before: unknown, after: unknown): void {
    if (before === after) return;
    if (Array.isArray(before) && Array.isArray(after)) {
      for (const [i, was, is] of pairsOf(before, after)) this.compare(`${path}/${i}`, was, is);
      return;
    }
    if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
      for (const key of Object.keys({ ...before, ...after }).sort()) {
        const name = key.replaceAll("~", "~0").replaceAll("/", "~1");
        this.compare(`${path}/${name}`, own(before, key), own(after, key));
      }
      return;
    }
    if (this.changes.length >= MAX_CHANGES) {
      this.more++;
      return;
    }
    const change: JsonChange = { path: clip(path, MAX_PATH_CHARS) };
    if (change.path !== path) change.clipped = true;
    for (const [side, value] of [["before", before], ["after", after]] as const) {
      if (value === undefined) continue;
      const text = JSON.stringify(value);
      if (text.length > MAX_VALUE_CHARS) change.clipped = true;
      change[side] = text.length > MAX_VALUE_CHARS ? clip(text, MAX_VALUE_CHARS) : value;
    }
    this.changes.push(change);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function own(of: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(of, key) ? of[key] : undefined;
}
