/**
 * The OpenStack part of the configuration: from the options' values to a {@linkcode OpenstackConfig},
 * and the sentences that say what is wrong with a way to log in.
 *
 * @module
 */
import type { EffectiveValue } from "./values.ts";
import type { OpenstackConfig } from "./config_types.ts";
import type { Credential, DomainRef, Named } from "../openstack/credential.ts";

/** Values by option name. */
export type Values = ReadonlyMap<string, EffectiveValue>;
/** Names an option, and what it may be. */
export type Refuse = (name: string, allowed: string) => void;

/** What each method cannot do without; the first one wins when several come from the same place. */
const SECRETS: readonly (readonly [Credential["method"], option: string])[] = [
  ["application_credential", "application_credential_secret"],
  ["password", "password"],
  ["token", "token"],
];

/**
 * How the configuration logs in to Keystone; null: not at all. An `auth_type` says so, unless a secret
 * comes from a place that counts more: neutron.conf's `auth_type = password` is about its own password.
 */
export function authMethod(values: Values): Credential["method"] | null {
  if (values.get("auth_url")!.value === null) return null;
  const given = SECRETS.filter(([, option]) => values.get(option)!.value !== null)
    .map(([method, option]) => ({ method, level: values.get(option)!.level }));
  const [best] = given.toSorted((a, b) => a.level - b.level);
  const type = values.get("auth_type")!;
  if (type.value === null || (best && best.level < type.level)) return best?.method ?? "password";
  if (type.value === "none") return null;
  if (type.value.endsWith("password")) return "password";
  return type.value.endsWith("token") ? "token" : "application_credential";
}

/** Refuses what no token can come of. */
export function checkOpenstack(values: Values, refuse: Refuse): void {
  const has = (name: string) => values.get(name)!.value !== null;
  if (has("os_cert") !== has("os_key")) refuse("os_cert", "only together with os_key");
  const type = values.get("auth_type")!;
  if (!has("auth_url") && type.value !== null && type.value !== "none" && needsUrl(values)) {
    refuse("auth_url", `Keystone's URL, which auth_type ${type.value} (${type.source}) needs`);
  }
  switch (authMethod(values)) {
    case "password":
      if (!has("username") && !has("user_id")) {
        refuse("username", "the service user's name, or its user_id, when auth_url is given");
      }
      if (!has("password")) refuse("password", "the service user's password");
      checkProject(values, refuse);
      break;
    case "application_credential":
      checkApplicationCredential(values, refuse);
      break;
    case "token":
      if (!has("token")) refuse("token", "a token, when auth_type says token");
      checkProject(values, refuse);
  }
}

/** A file may name an `auth_type` for others; a user or a secret means us. */
function needsUrl(values: Values): boolean {
  return ["username", "user_id", "application_credential_id", "application_credential_secret"]
    .some((name) => values.get(name)!.value !== null);
}

function checkProject(values: Values, refuse: Refuse): void {
  if (values.get("project_name")!.value !== null || values.get("project_id")!.value !== null) {
    return;
  }
  refuse(
    "project_name",
    "the project that the service user works in (project_name or OS_PROJECT_NAME; project_id or " +
      "OS_PROJECT_ID): without one Keystone gives an unscoped token, which Neutron refuses",
  );
}

function checkApplicationCredential(values: Values, refuse: Refuse): void {
  const has = (name: string) => values.get(name)!.value !== null;
  const secret = values.get("application_credential_secret")!;
  if (secret.value === null) {
    refuse("application_credential_secret", "the application credential's secret");
  }
  if (!has("application_credential_id")) {
    if (!has("application_credential_name")) {
      refuse("application_credential_id", "the application credential's id, or its name and user");
    } else if (!has("username") && !has("user_id")) {
      refuse(
        "application_credential_name",
        "an application_credential_id instead, or a username or user_id beside it: a name is only " +
          "unique among one user's credentials",
      );
    }
  }
  for (const name of ["project_name", "project_id"]) {
    const project = values.get(name)!;
    // A project from a place that counts less, such as neutron.conf's, goes with the user there.
    if (project.value === null || project.level > secret.level) continue;
    refuse(
      name,
      "no value beside an application credential, which belongs to one project already: unset it",
    );
  }
}

/** What works, but perhaps not as meant. */
export function warnOpenstack(values: Values): string[] {
  const value = (name: string) => values.get(name)!.value;
  const warnings: string[] = [];
  const insecure = values.get("insecure")!;
  const urls = ["auth_url", "neutron_url", "nova_url"].map(value);
  if (/^true$/i.test(insecure.value!) && urls.some((url) => url?.startsWith("https:"))) {
    warnings.push(
      `insecure (${insecure.source}) is not honoured: the certificates of Keystone, Neutron and ` +
        "Nova are always verified; name the CA that signed them with os_cacert",
    );
  }
  const method = authMethod(values);
  if (method === "token") {
    warnings.push(
      "a token (token, OS_TOKEN) cannot be renewed: once it runs out, nothing can be read any " +
        "more; a service that keeps running needs a password or an application credential",
    );
  }
  const user = values.get("username")!;
  if (value("auth_url") === null && user.value !== null) {
    warnings.push(
      `username is given (${user.source}) but auth_url is not: requests carry no token`,
    );
  }
  return warnings;
}

/** The section, from values that were checked. */
export function buildOpenstack(values: Values): OpenstackConfig {
  const value = (name: string) => values.get(name)!.value;
  const url = (name: string) => value(name)?.replace(/\/+$/, "") ?? null;
  const method = authMethod(values);
  const neutron = values.get("neutron_url")!;
  const fromCatalogue = {
    neutron: method !== null && neutron.source === "default",
    nova: method !== null && value("nova_url") === null,
  };
  return {
    neutronUrl: fromCatalogue.neutron ? "" : url("neutron_url")!.replace(/\/v2\.0$/, ""),
    novaUrl: url("nova_url"),
    fromCatalogue,
    authUrl: method === null ? null : url("auth_url"),
    credential: method === null ? null : buildCredential(method, values),
    regionName: value("os_region_name"),
    interface: value("os_interface")!.replace(/URL$/, "") as OpenstackConfig["interface"],
    caFile: value("os_cacert"),
    certFile: value("os_cert"),
    keyFile: value("os_key"),
    requestTimeoutMs: Number(value("request_timeout")) * 1000,
    pageSize: Number(value("page_size")),
  };
}

function buildCredential(method: Credential["method"], values: Values): Credential {
  const value = (name: string) => values.get(name)!.value;
  switch (method) {
    case "password":
      return {
        method,
        user: named(values, "user", "username")!,
        password: value("password")!,
        project: named(values, "project", "project_name"),
      };
    case "application_credential": {
      const id = value("application_credential_id");
      return {
        method,
        id,
        name: value("application_credential_name"),
        user: id === null ? named(values, "user", "username") : null,
        secret: value("application_credential_secret")!,
      };
    }
    case "token":
      return {
        method,
        token: value("token")!,
        project: named(values, "project", "project_name"),
      };
  }
}

function named(values: Values, what: "user" | "project", nameOption: string): Named | null {
  const chosen = chosenOf(values, `${what}_id`, nameOption);
  if (chosen === null || "id" in chosen) return chosen;
  const domain: DomainRef = chosenOf(values, `${what}_domain_id`, `${what}_domain_name`)!;
  return { name: chosen.name, domain };
}

/** The id or the name: what comes from the place that counts more, the id when it is the same. */
function chosenOf(values: Values, id: string, name: string): DomainRef | null {
  const [byId, byName] = [values.get(id)!, values.get(name)!];
  if (byId.value !== null && (byName.value === null || byId.level <= byName.level)) {
    return { id: byId.value };
  }
  return byName.value === null ? null : { name: byName.value };
}
