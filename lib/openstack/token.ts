/** What Keystone answers to a request for a token. @module */
import { z } from "zod";
import { catalogueSchema } from "./catalogue.ts";
import { OpenstackError, readJson } from "./http.ts";

const time = z.iso.datetime({ offset: true });
const named = z.object({ name: z.string() }).transform(({ name }) => name);
const tokenSchema = z.object({
  token: z.object({
    expires_at: time,
    issued_at: time.nullish(),
    catalog: catalogueSchema.default([]),
    project: named.nullish(),
    user: named.nullish(),
    roles: z.array(named).default([]),
  }),
});

/** A token and what it is good for. */
export type Token = Readonly<Awaited<ReturnType<typeof readToken>>>;

/** A token is renewed so long before its end, but not before four fifths of its life, ms. */
const RENEW_MS = 120_000;

/** Reads the answer. Times: `now` is the wall clock's, for a Keystone that does not say `issued_at`. */
export async function readToken(
  response: Response,
  { now, monotonic }: { now: number; monotonic: number },
) {
  const value = response.headers.get("X-Subject-Token");
  const parsed = tokenSchema.safeParse(await readJson(response));
  if (!value || !parsed.success) {
    throw new OpenstackError(`${response.url} sent no usable token`, response.status);
  }
  const { expires_at, issued_at, catalog: catalogue, project, user, roles } = parsed.data.token;
  /** When it was made by Keystone's clock, ms since the epoch; null: it does not say. */
  const issuedAt = issued_at ? Date.parse(issued_at) : null;
  // Both times are Keystone's: a clock of ours that is wrong does not matter.
  const lifeMs = Date.parse(expires_at) - (issuedAt ?? now);
  /** Monotonic time at which a new one is got, ms. */
  const renewAt = monotonic + Math.max(lifeMs - RENEW_MS, lifeMs * 0.8);
  return { value, renewAt, issuedAt, catalogue, roles, project, user };
}
