/** Asks for the trace that a page shows. @module */
import type { Context, Next } from "hono";
import { readQuery } from "../../trace/query.ts";
import { peer } from "../peer.ts";
import type { Tracer } from "../tracer.ts";

/** Asks before the page is made: the page shows what is kept, also while it is followed. */
export function askBeforePage(tracer: Tracer) {
  return async (c: Context, next: Next) => {
    const query = readQuery(c.req.query("q") ?? "");
    if (query !== null && c.req.method === "GET") {
      const from = peer(c);
      await tracer.ask(query.text, from ?? "", `the page from ${from ?? "an unknown address"}`);
    }
    await next();
  };
}
