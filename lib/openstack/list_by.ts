/**
 * Objects by the values of a field, some values at a time. uWSGI keeps a query string twice: one that
 * fits its buffer once but not twice is dropped, and the answer is 200 with *every* object (measured with
 * its 4 KiB by default: from 37 ids on it closes the connection, from 42 to 80 the filter is gone). So
 * few are asked for at a time, and an answer with what was not asked for halves the next request.
 *
 * @module
 */
import { isRefused, OpenstackError, wasClosed } from "./http.ts";
import type { Listing } from "./listing.ts";

/** Values in one request. */
export const VALUES_PER_REQUEST = 30;

/** An answer holds objects that were not asked for. */
export class FilterIgnoredError extends OpenstackError {
  constructor(url: string, field: string) {
    super(
      `${url} sent objects that were not asked for: the filter was not applied (${field})`,
      200,
    );
  }
}

/** Whether half as many values may get through where these did not. */
export function isTooLong(error: unknown): boolean {
  return isRefused(error, 413, 414, 431) || wasClosed(error);
}

/** Asks for some values. */
type Ask<T> = (values: readonly string[]) => Promise<Listing<T>>;

/** What `ask` finds of all the values, each object once. @throws what it threw for a single one. */
export async function listInBatches<T extends { id: string }>(
  field: string,
  values: readonly string[],
  ask: Ask<T>,
): Promise<Listing<T>> {
  const all = [...new Set(values)];
  const found = new Map<string, T>();
  const refused = new Map<string, Listing<T>["refused"][number]>();
  const batches = new Batches(field, ask);
  for (let at = 0; at < all.length;) {
    const some = all.slice(at, at + batches.size);
    at += some.length;
    for (const { items, refused: damaged } of await batches.list(some)) {
      for (const item of items) found.set(item.id, item);
      for (const one of damaged) refused.set(one.id || one.why, one);
    }
  }
  return { items: [...found.values()], refused: [...refused.values()] };
}

class Batches<T extends { id: string }> {
  /** How many values get through at once, as far as is known. */
  size = VALUES_PER_REQUEST;

  constructor(readonly field: string, readonly ask: Ask<T>) {}

  async list(values: readonly string[]): Promise<Listing<T>[]> {
    const half = Math.ceil(values.length / 2);
    try {
      const listing = await this.ask(values);
      const unnamed = this.field === "id" && listing.refused.some(({ id }) => id === "");
      if (!unnamed) return [listing];
      if (values.length === 1) return [nameRefused(listing, values[0]!)];
    } catch (error) {
      const split = isTooLong(error) || error instanceof FilterIgnoredError;
      if (!split || values.length === 1) throw error;
      this.size = half;
    }
    const first = await this.list(values.slice(0, half));
    return [...first, ...await this.list(values.slice(half))];
  }
}

/** A record that does not tell its id, where only one was asked for. */
function nameRefused<T extends { id: string }>(
  listing: Listing<T>,
  value: string,
): Listing<T> {
  const { items, refused } = listing;
  if (items.some(({ id }) => id === value)) return listing;
  return { items, refused: refused.map(({ id, why }) => ({ id: id || value, why })) };
}

/**
 * Whether a record may be in the answer to a filter. One that does not show the field as it should is
 * damaged, which is for the reader to say.
 */
export function filterCheck(
  field: string,
  values: readonly string[],
): (record: unknown) => boolean {
  // Neutron's database compares without regard to case.
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  const isWanted = (value: unknown) => typeof value !== "string" || wanted.has(value.toLowerCase());
  return (record) => {
    if (typeof record !== "object" || record === null || !(field in record)) return true;
    const value = (record as Record<string, unknown>)[field];
    if (field === "fixed_ips") return !Array.isArray(value) || hasFixedIps(value, values);
    if (Array.isArray(value)) return value.some(isWanted);
    // Only a floating IP may rightly be without what it is asked by; elsewhere null is a damaged record.
    return value === null ? field !== "port_id" : isWanted(value);
  };
}

/** Repeated, `fixed_ips=subnet_id=…` means "and". */
function hasFixedIps(ips: readonly unknown[], values: readonly string[]): boolean {
  return values.every((value) => {
    const at = value.indexOf("=");
    const name = value.slice(0, at);
    const wanted = value.slice(at + 1).toLowerCase();
    return ips.some((ip) => {
      const held = (ip as Record<string, unknown> | null)?.[name];
      return typeof held === "string" && held.toLowerCase() === wanted;
    });
  });
}
