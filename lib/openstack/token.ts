/** What Keystone answers to a request for a token. @module */
import { z } from "zod";
import { type Catalogue, catalogueSchema } from "./catalogue.ts";
import { OpenstackError, readJson } from "./http.ts";

const time = z.iso.datetime({ offset: true });
const tokenSchema = z.object({
  token: z.object({
    expires_at: time,
    issued_at: time.nullish(),
    catalog: catalogueSchema.default([]),
    project: z.object({ name: z.string() }).nullish(),
    user: z.object({ name: z.string() }).nullish(),
    roles: z.array(z.object({ name: z.string() })).default([]),
  }),
});

/** A token and what it is good for. */
export interface Token {
  readonly value: string;
  /** Monotonic time at which a new one is got, ms. */
  readonly renewAt: number;
  /** When it was made by Keystone's clock, ms since the epoch; null: it does not say. */
  readonly issuedAt: number | null;
  readonly catalogue: Catalogue;
  readonly roles: readonly string[];
  readonly project: string | null;
  readonly user: string | null;
}

/** A token is renewed so long before its end, but not before four fifths of its life, ms. */
const RENEW_MS = 120_000;

/** Reads the answer. Times: `now` is the wall clock's, for a Keystone that does not say `issued_at`. */
export async function readToken(
  response: Response,
  { now, monotonic }: { now: number; monotonic: number },
): Promise<Token> {
  const value = response.headers.get("X-Subject-Token");
  const parsed = tokenSchema.safeParse(await readJson(response));
  if (!value || !parsed.success) {
    throw new OpenstackError(`${response.url} sent no usable token`, response.status);
  }
  const { expires_at, issued_at, catalog, project, user, roles } = parsed.data.token;
  // Both times are Keystone's: a clock of ours that is wrong does not matter.
  const lifeMs = Date.parse(expires_at) - (issued_at ? Date.parse(issued_at) : now);
  return {
    value,
    renewAt: monotonic + Math.max(lifeMs - RENEW_MS, lifeMs * 0.8),
    issuedAt: issued_at ? Date.parse(issued_at) : null,
    catalogue: catalog,
    roles: roles.map(({ name }) => name),
    project: project?.name ?? null,
    user: user?.name ?? null,
  };
}
