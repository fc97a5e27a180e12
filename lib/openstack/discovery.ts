/**
 * The way from a URL of Keystone without a version, as OS_AUTH_URL often is, to Identity API v3
 * ("API versions" in the Identity API reference: 300 with a list at the root, 200 with one version
 * below it).
 *
 * @module
 */
import { z } from "zod";
import { OpenstackError } from "./http.ts";

const versionSchema = z.object({
  id: z.string(),
  links: z.array(z.object({ rel: z.string(), href: z.string() })).default([]),
});
const answerSchema = z.union([
  z.object({ version: versionSchema }).transform(({ version }) => [version]),
  z.object({ versions: z.object({ values: z.array(versionSchema) }) })
    .transform(({ versions }) => versions.values),
  z.object({ versions: z.array(versionSchema) }).transform(({ versions }) => versions),
]);

/** Sends a GET and gives the answer's JSON; a 300 is one too. */
export type Get = (url: string) => Promise<unknown>;

/** The URL of v3, without a slash at its end. @throws {OpenstackError} there is none. */
export async function findIdentityV3(authUrl: string, get: Get): Promise<string> {
  const bare = authUrl.replace(/\/+$/, "");
  if (bare.endsWith("/v3")) return bare;
  const places = bare.endsWith("/v2.0") ? [bare.slice(0, -"/v2.0".length)] : [bare, `${bare}/v3`];
  let problem: unknown;
  for (const place of places) {
    const path = await get(`${place}/`).then(v3Path).catch((error) => {
      if (error instanceof OpenstackError && error.status === null) throw error;
      problem ??= error;
      return null;
    });
    // Behind a proxy Keystone names itself as it is reached from there: only its path is believed.
    if (path !== null) return new URL(path, place).href.replace(/\/+$/, "");
  }
  throw new OpenstackError(
    `${authUrl} is no URL of Keystone v3 (auth_url): the versions that it offers could not be ` +
      "found there, it usually ends in :5000/v3 or /identity/v3",
    problem instanceof OpenstackError ? problem.status : 200,
    { cause: problem },
  );
}

/** Path of v3 in a list of versions, or null. */
function v3Path(answer: unknown): string | null {
  const parsed = answerSchema.safeParse(answer);
  const v3 = parsed.data?.find(({ id }) => /^v3(\.|$)/.test(id));
  const href = v3?.links.find(({ rel }) => rel === "self")?.href;
  return href && URL.canParse(href) ? new URL(href).pathname : null;
}
