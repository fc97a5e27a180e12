/**
 * Who we are to Keystone, and the body of the request that says so
 * (Identity API v3, `POST /v3/auth/tokens`).
 *
 * @module
 */

/** A domain, by the one or the other. */
export type DomainRef = { readonly id: string } | { readonly name: string };
/** A user or a project: an id says it all, a name needs its domain. */
export type Named = { readonly id: string } | {
  readonly name: string;
  readonly domain: DomainRef;
};

/** The ways to get a token. */
export type Credential =
  | {
    readonly method: "password";
    readonly user: Named;
    readonly password: string;
    /** null: the token is unscoped, which only Keystone takes. */
    readonly project: Named | null;
  }
  | {
    /** It belongs to one project already: a scope must not be asked for. */
    readonly method: "application_credential";
    readonly id: string | null;
    /** Name and owner, without an id. */
    readonly name: string | null;
    readonly user: Named | null;
    readonly secret: string;
  }
  | {
    /** A token that somebody else got; what it buys ends when it ends. */
    readonly method: "token";
    readonly token: string;
    readonly project: Named | null;
  };

/** The body of the request for a token. */
export function tokenRequest(credential: Credential): unknown {
  const project = "project" in credential ? credential.project : null;
  return { auth: { identity: identity(credential), ...project && { scope: { project } } } };
}

function identity(credential: Credential): Record<string, unknown> {
  switch (credential.method) {
    case "password":
      return {
        methods: ["password"],
        password: { user: { ...credential.user, password: credential.password } },
      };
    case "application_credential": {
      const { id, name, user, secret } = credential;
      return {
        methods: ["application_credential"],
        application_credential: id === null ? { name, user, secret } : { id, secret },
      };
    }
    case "token":
      return { methods: ["token"], token: { id: credential.token } };
  }
}

/** The credential without its scope, to find out what of it Keystone refuses. */
export function unscoped(credential: Credential): Credential {
  return "project" in credential ? { ...credential, project: null } : credential;
}

/** For people; never with a secret: `user "neutron" of domain "Default"`. */
export function describeCredential(credential: Credential): string {
  switch (credential.method) {
    case "password":
      return `user ${describeNamed(credential.user)}`;
    case "application_credential":
      return credential.id !== null
        ? `application credential ${JSON.stringify(credential.id)}`
        : `application credential ${JSON.stringify(credential.name)} of user ` +
          (credential.user ? describeNamed(credential.user) : "(none)");
    case "token":
      return "the token given";
  }
}

/** For people: `"service" of domain "Default"`, or an id. */
export function describeNamed(named: Named): string {
  if ("id" in named) return `with id ${JSON.stringify(named.id)}`;
  const { domain } = named;
  const where = "id" in domain
    ? `of the domain with id ${JSON.stringify(domain.id)}`
    : `of domain ${JSON.stringify(domain.name)}`;
  return `${JSON.stringify(named.name)} ${where}`;
}
