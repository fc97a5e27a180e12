/** Addresses of pages that can be asked for a part or an order of what they show. Pure. @module */
import type { z } from "zod";

/** Path and query, without what is the schema's default. */
export function addressOf<Query extends object>(
  path: string,
  query: Query,
  schema: z.ZodType<Query>,
): string {
  const usual = new Map(Object.entries(schema.parse({})));
  const given = Object.entries(query).filter(([name, value]) => value !== usual.get(name))
    .map(([name, value]) => [name, String(value)]);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
