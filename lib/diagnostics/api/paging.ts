/** Lists a page at a time: what may be asked for, and the frame of the answer. @module */
import { z } from "zod";

const MAX_LIMIT = 500;
const MAX_OFFSET = 1_000_000;

/** Query of every list that can be long. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(100).meta({
    description: "Items of one answer",
  }),
  offset: z.coerce.number().int().min(0).max(MAX_OFFSET).default(0).meta({
    description: "Items left out at the start",
  }),
});
export type PageQuery = z.infer<typeof pageQuery>;

/** Beside the items of an answer. */
export const pageSchema = z.object({
  total: z.number().int().nonnegative().meta({ description: "Items that fit the query" }),
  limit: z.number().int(),
  offset: z.number().int(),
  next: z.string().nullable().meta({ description: "Path of the following items, or null" }),
}).meta({ id: "Page" });
export type Page = z.infer<typeof pageSchema>;

/** The asked part of a list, and where the next one is. `url` is the request's. */
export function paged<T>(
  items: readonly T[],
  { limit, offset }: PageQuery,
  url: string,
): { items: T[]; page: Page } {
  return {
    items: items.slice(offset, offset + limit),
    page: pageOf(items.length, { limit, offset }, url),
  };
}

/** The frame of a part of `total` items. `url` is the request's. */
export function pageOf(total: number, { limit, offset }: PageQuery, url: string): Page {
  const after = offset + limit;
  const { pathname, searchParams } = new URL(url);
  searchParams.set("limit", String(limit));
  searchParams.set("offset", String(after));
  return { total, limit, offset, next: after < total ? `${pathname}?${searchParams}` : null };
}
