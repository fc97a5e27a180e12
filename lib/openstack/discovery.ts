/**
 * The way from a URL of Keystone without a version, as OS_AUTH_URL often is, to Identity API v3
 * ("API versions" in the Identity API reference: 300 with a list at the root, 200 with one version
 * below it).
 *
 * @module
 */
import { z } from "zod";
import { OpenstackError } from "./http.ts";
import { hasUserInfo, shownUrl } from "./leads.ts";

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

/** Where Identity API v3 is. */
export interface IdentityV3 {
  /** Its URL on the host that was asked, without a slash at its end. */
  readonly url: string;
  /** What Keystone calls itself when that is another scheme, host or port: nobody goes there. */
  readonly calledElsewhere: string | null;
}

/** Finds v3. @throws {OpenstackError} there is none, or its link is none of HTTP or has a user. */
export async function findIdentityV3(authUrl: string, get: Get): Promise<IdentityV3> {
  const bare = authUrl.replace(/\/+$/, "");
  if (bare.endsWith("/v3")) return { url: bare, calledElsewhere: null };
  const places = bare.endsWith("/v2.0") ? [bare.slice(0, -"/v2.0".length)] : [bare, `${bare}/v3`];
  let problem: unknown;
  for (const place of places) {
    const href = await get(`${place}/`).then(v3Link).catch((error) => {
      if (error instanceof OpenstackError && error.status === null) throw error;
      problem ??= error;
      return null;
    });
    if (href !== null) return onHostOf(place, href);
  }
  throw new OpenstackError(
    `${authUrl} is no URL of Keystone v3 (auth_url): the versions that it offers could not be ` +
      "found there, it usually ends in :5000/v3 or /identity/v3",
    problem instanceof OpenstackError ? problem.status : 200,
    { cause: problem },
  );
}

/** Link to v3 in a list of versions, or null. */
function v3Link(answer: unknown): string | null {
  const parsed = answerSchema.safeParse(answer);
  const v3 = parsed.data?.find(({ id }) => /^v3(\.|$)/.test(id));
  const href = v3?.links.find(({ rel }) => rel === "self")?.href;
  return href && URL.canParse(href) ? href : null;
}

/**
 * Of a link only the path counts, at the host that was asked. Behind a proxy Keystone names itself as it
 * is reached from there, and with `public_endpoint` set as its users reach it; a password that was meant
 * for one host is not sent to another because an answer says so.
 *
 * @throws {OpenstackError} no Keystone calls itself that.
 */
function onHostOf(place: string, href: string): IdentityV3 {
  const [asked, link] = [new URL(place), new URL(href)];
  if (!/^https?:$/.test(link.protocol) || hasUserInfo(link)) {
    throw new OpenstackError(
      `the versions of Keystone at ${place} lead to ${JSON.stringify(shownUrl(href))}, which is ` +
        "not asked: it is no URL of http or https without a user",
      200,
    );
  }
  // Set, and not resolved: a path that begins with two slashes would name another host.
  const found = new URL(asked.origin);
  found.pathname = link.pathname;
  return {
    url: found.href.replace(/\/+$/, ""),
    calledElsewhere: link.origin === asked.origin ? null : shownUrl(href),
  };
}
