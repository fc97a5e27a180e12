/**
 * One page of a list as Neutron sent it, and what it says about the next one. With a `limit` Neutron
 * sends links with every page that has records: always `previous`, and `next` when the page is full
 * (neutron/api/api_common.py, `get_pagination_links`; the same from 21 to 29). So an end is proven by
 * links without a `next`, not by their absence, which may be a proxy's doing.
 *
 * @module
 */
import { OpenstackError } from "./http.ts";
import { OBJECT_ID } from "./object_id.ts";

/** A page. */
export interface Page {
  readonly records: readonly unknown[];
  /** Whether there is another one, as far as its links tell. */
  readonly next: "yes" | "no" | "unknown";
}

/** The id of a record, or null when it has none that can be worked with. */
export function idOf(record: unknown): string | null {
  const id = typeof record === "object" && record !== null ? (record as { id?: unknown }).id : null;
  return typeof id === "string" && OBJECT_ID.test(id) ? id : null;
}

/** Reads an answer to a request for `path`. @throws {OpenstackError} it is no page; `url` is named. */
export function readPage(path: string, body: unknown, url: string): Page {
  const collection = path.split("/").at(-1)!.replaceAll("-", "_");
  const answer = body as Record<string, unknown> | null;
  const records = answer?.[collection];
  if (!Array.isArray(records)) {
    throw new OpenstackError(`${url} sent no list of ${collection}`, 200);
  }
  return { records, next: nextOf(answer![`${collection}_links`]) };
}

function nextOf(links: unknown): Page["next"] {
  if (!Array.isArray(links)) return "unknown";
  const rels = links.map((link) => (link as { rel?: unknown } | null)?.rel);
  if (rels.includes("next")) return "yes";
  return rels.includes("previous") ? "no" : "unknown";
}
