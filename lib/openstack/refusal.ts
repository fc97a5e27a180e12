/**
 * Why Keystone refuses us, which it does not say itself: it answers "requires authentication" to a
 * wrong password, a wrong domain and a missing role alike.
 *
 * @module
 */
import { z } from "zod";
import { type Credential, describeCredential, describeNamed, unscoped } from "./credential.ts";
import { OpenstackError } from "./http.ts";
import type { Token } from "./token.ts";

const projectsSchema = z.object({ projects: z.array(z.object({ name: z.string() })) });
const MAX_NAMES = 5;

/** What Keystone is asked with. */
interface Identity {
  readonly config: { readonly authUrl: string | null };
  issueToken(credential: Credential, signal: AbortSignal): Promise<Token>;
  get(path: string, signal: AbortSignal, token?: Token): Promise<unknown>;
}

/** A sentence that says what is wrong and what to set. */
export async function explainRefusal(
  auth: Identity,
  credential: Credential,
  error: OpenstackError,
  signal: AbortSignal,
): Promise<string> {
  // To a token that it cannot read Keystone says 404.
  if (error.status === 404 && credential.method !== "token") {
    return `${error.message}: is auth_url (${auth.config.authUrl}) Keystone's?`;
  }
  if (![401, 404].includes(error.status!)) return error.message;
  const who = describeCredential(credential);
  switch (credential.method) {
    case "application_credential":
      return `Keystone refuses ${who}: its id or secret is wrong, it has expired or was deleted, ` +
        "or its user has lost the roles that it stands for";
    case "token":
      return "Keystone refuses the token given: it has run out or was revoked, or its user has no " +
        `role in project ${credential.project ? describeNamed(credential.project) : "(none)"}`;
    case "password": {
      const projects = credential.project && await projectsOf(auth, credential, signal);
      if (!projects) {
        return `Keystone refuses ${who}: its name, password or domain is wrong (username, ` +
          "password, user_domain_name), or it is disabled or locked";
      }
      const names = projects.slice(0, MAX_NAMES).join(", ") || "no project at all";
      return `Keystone knows ${who}, but not in project ${describeNamed(credential.project!)}: ` +
        `there is no such project or the user has no role in it (it has one in ${names}); set ` +
        "project_name and project_domain_name, or give it a role";
    }
  }
}

/** Names of the projects in which the user has a role; null: it is refused without a project too. */
async function projectsOf(
  auth: Identity,
  credential: Credential,
  signal: AbortSignal,
): Promise<string[] | null> {
  try {
    const token = await auth.issueToken(unscoped(credential), signal);
    const parsed = projectsSchema.safeParse(await auth.get("/auth/projects", signal, token));
    return parsed.success ? parsed.data.projects.map(({ name }) => name) : [];
  } catch (error) {
    if (error instanceof OpenstackError) return null;
    throw error;
  }
}
