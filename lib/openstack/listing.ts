/**
 * From records as Neutron sent them to objects. A record that lacks a field, or is otherwise not as it
 * should be, is refused with a reason, and harms nothing but itself.
 *
 * @module
 */
import type { z } from "zod";
import { clip } from "../base/clip.ts";
import { OpenstackError } from "./http.ts";
import { idOf } from "./page.ts";

/** A list and what of it could not be understood. */
export interface Listing<T> {
  readonly items: T[];
  /** `id` is "" when the record does not tell; `why` then says where it stood. */
  readonly refused: { readonly id: string; readonly why: string }[];
}

/** All pages as one list; `onPage` is called after each. */
export async function collect<T>(
  pages: AsyncGenerator<Listing<T>>,
  onPage?: () => void,
): Promise<Listing<T>> {
  const all: Listing<T> = { items: [], refused: [] };
  for await (const { items, refused } of pages) {
    for (const item of items) all.items.push(item);
    for (const one of refused) all.refused.push(one);
    onPage?.();
  }
  return all;
}

/** So many records that all lack one field are not damaged: it is hidden or not offered. */
const SYSTEMATIC = 20;
const MAX_REASON = 200;
/** Only an admin sees it: without it every port would look unbound. */
const HOST_FIELD = "binding:host_id";
const HOST_HIDDEN = "only an admin sees it, so the service user needs the admin role in its " +
  "project (or a policy that lets it read all of every port)";
const FIELD_HIDDEN = "it may not see it, or what brings the field is not loaded everywhere (for " +
  "qos_policy_id also in ML2's extension_drivers)";

/** How records are read. */
export interface RecordRules<T> {
  readonly schema: z.ZodType<T>;
  /** Where they come from, for messages. */
  readonly url: string;
  /** Fields that each of them must have, be it null. */
  readonly required: readonly string[];
  /** The id after which the list begins, when it is a part of one; null or undefined: at its beginning. */
  readonly from?: string | null;
}

/** Reads the records of a list, page by page. */
export class RecordReader<T> {
  #count = 0;
  #lastId: string;

  constructor(readonly rules: RecordRules<T>) {
    this.#lastId = rules.from ?? "";
  }

  /**
   * Reads the next page, without what is known. Whether its fields are there is asked before; see {@linkcode demandFields}.
   */
  read(records: readonly unknown[], isKnown?: (record: unknown) => boolean): Listing<T> {
    const page: Listing<T> = { items: [], refused: [] };
    for (const record of records) {
      this.#count++;
      const id = idOf(record);
      if (id === null) page.refused.push(this.#unnamed(record));
      else if (!isKnown?.(record)) this.#readOne(id, record as object, page);
      if (id !== null) this.#lastId = id;
    }
    return page;
  }

  #readOne(id: string, record: object, { items, refused }: Listing<T>): void {
    const { schema, required } = this.rules;
    const missing = required.find((field) => !(field in record));
    if (missing !== undefined) {
      const hint = missing === HOST_FIELD ? `: ${HOST_HIDDEN}` : "";
      refused.push({ id, why: clip(`${missing} is missing${hint}`, MAX_REASON) });
      return;
    }
    const parsed = schema.safeParse(record);
    if (parsed.success) items.push(parsed.data);
    else refused.push({ id, why: clip(reasonOf(parsed.error, record), MAX_REASON) });
  }

  #unnamed(record: unknown): Listing<T>["refused"][number] {
    const { url, from } = this.rules;
    const which = from ? "a record" : `record ${this.#count}`;
    const place = `${which} of ${url}, after ${this.#lastId || "the beginning"}`;
    return { id: "", why: clip(`${place}: ${problemOf(record)}`, MAX_REASON) };
  }

  /**
   * Refuses a page whose fields are hidden, before anything is taken of it.
   *
   * @throws {OpenstackError} none of many records shows a field that all should have.
   */
  demandFields(records: readonly unknown[]): void {
    if (records.length < SYSTEMATIC) return;
    const objects = records.filter((record) => typeof record === "object" && record !== null);
    if (objects.length < SYSTEMATIC) return;
    const hidden = this.rules.required.find((field) =>
      !objects.some((record) => field in (record as object))
    );
    if (hidden === undefined) return;
    const why = hidden === HOST_FIELD ? HOST_HIDDEN : FIELD_HIDDEN;
    throw new OpenstackError(`${this.rules.url} shows nothing with ${hidden}: ${why}`, 200);
  }
}

function problemOf(record: unknown): string {
  if (record === null) return "it is null";
  if (Array.isArray(record)) return "it is a list";
  if (typeof record !== "object") return `it is a ${typeof record}`;
  if (!("id" in record)) return "id is missing";
  if (record.id === null) return "id is null";
  if (typeof record.id !== "string") return `id is a ${typeof record.id}`;
  return `id is not one of Neutron's: ${JSON.stringify(record.id.slice(0, 40))}`;
}

/** The first issue, in words. */
function reasonOf({ issues }: z.ZodError, record: object): string {
  const issue = issues[0]!;
  const path = issue.path.join(".");
  return holds(record, issue.path) ? `${path}: ${issue.message}` : `${path} is missing`;
}

/** Whether there is anything at that path. */
function holds(record: object, path: readonly PropertyKey[]): boolean {
  let at: unknown = record;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !(step in at)) return false;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return true;
}
