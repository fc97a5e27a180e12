/** What is asked of Neutron, and how that is written into a URL. @module */
import { z } from "zod";
import type { Extensions } from "./extensions.ts";
import { filterCheck } from "./list_by.ts";
import type { Patience } from "./patience.ts";
import type { Walk } from "./walk.ts";

/** What to ask for. */
export interface Query {
  /** By default all; each of those asked for must be in every record. */
  readonly fields?: readonly string[];
  /** Fields that are asked for too, and that records may lack: an attribute that a policy hides harms no list. */
  readonly optional?: readonly string[];
  /**
   * Called with each new record that has an id, as it came, before it is validated; true: it is dealt
   * with, and is not among the items. `askedAt`: a moment before Neutron was asked for its page, ms since the epoch.
   */
  readonly known?: (record: unknown, askedAt: number) => boolean;
  /** Has pages that failed read again. @default a page that fails fails the list */
  readonly patience?: Patience;
  /** Filters; a name may be repeated, which means "or" (but for `fixed_ips`, where it is "and"). */
  readonly where?: readonly (readonly [name: string, value: string])[];
  /**
   * Ids, ascending, that the list has or had: it is cut there, and the parts are walked side by side, so that
   * pages come in any order between parts. What the list has is in it whatever is given here.
   */
  readonly cuts?: readonly string[];
  /** Objects asked for in one page, when that is to be fewer than `page_size`. */
  readonly pageSize?: number;
}

/** A query by the values of one field. */
export interface Filtered extends Query {
  readonly by: { readonly field: string; readonly asked: (record: unknown) => boolean };
}

/** Fields that cost Neutron next to nothing beside the whole object. */
const FEW_FIELDS = 4;

/** Requests that cost as much for each record are of one kind. */
export function kindOf(path: string, query: Query | Filtered): string {
  if ("by" in query) return `${path} by ${query.by.field}`;
  const few = query.fields !== undefined && query.fields.length <= FEW_FIELDS;
  return few ? `${path} in short` : path;
}

/** Objects whose field has one of the values. */
export function filteredQuery(
  field: string,
  values: readonly string[],
  fields: readonly string[] | undefined,
): Filtered {
  const where = values.map((value) => [field, value] as const);
  return { fields, where, by: { field, asked: filterCheck(field, values) } };
}

/** Those that were asked for, or else all that the schema knows. */
export function fieldsIn(schema: z.ZodType, query: Query | Filtered): readonly string[] {
  const ofSchema = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const by = "by" in query ? [query.by.field] : [];
  return query.fields ?? [...new Set([...ofSchema, ...by])];
}

/** What an address is made of. */
export interface Addressed {
  /** Neutron's, without `/v2.0`. */
  readonly url: string;
  readonly extensions: Extensions;
  readonly path: string;
  readonly query: Query;
  readonly walk: Pick<Walk, "limit" | "marker">;
}

/** The address of a page of what is asked for; fields of extensions that are missing are left out. */
export function pageAddress({ url: base, extensions, path, query, walk }: Addressed): string {
  const { fields, optional = [], where = [] } = query;
  const asked = fields ? [...fields, ...optional] : [];
  const url = new URL(`${base}/v2.0/${path}`);
  if (walk.limit !== Infinity) {
    url.searchParams.set("limit", String(walk.limit));
    // Plugins without paging of their own give pages of whatever order the database has.
    if (extensions.has("sorting")) {
      url.searchParams.set("sort_key", "id");
      url.searchParams.set("sort_dir", "asc");
    }
  }
  for (const field of extensions.fieldsOf(path, asked)) url.searchParams.append("fields", field);
  for (const [name, value] of where) url.searchParams.append(name, value);
  if (walk.marker) url.searchParams.set("marker", walk.marker);
  return url.href;
}
