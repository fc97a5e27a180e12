/**
 * The OpenStack part of the configuration: from the options' values to a {@linkcode OpenstackConfig},
 * and the sentences that say what is wrong with a way to log in.
 *
 * @module
 */
import type { OpenstackConfig } from "../openstack/config.ts";
import { AUTH_METHODS, type OptionName } from "./options.ts";
import type { OptionValues } from "./values.ts";
import type { Credential, DomainRef, Named } from "../openstack/credential.ts";

/** Names an option, and what it may be. */
export type Refuse = (name: OptionName, allowed: string) => void;

/** What each method cannot do without; the first one wins when several come from the same place. */
const SECRETS: readonly (readonly [Credential["method"], option: OptionName])[] = [
  ["application_credential", "application_credential_secret"],
  ["password", "password"],
  ["token", "token"],
];

/**
 * How the configuration logs in to Keystone; null: not at all. An `auth_type` says so, unless a secret
 * comes from a place that counts more: neutron.conf's `auth_type = password` is about its own password.
 */
function authMethod(values: OptionValues): Credential["method"] | null {
  if (!values.has("auth_url")) return null;
  const given = SECRETS.filter(([, option]) => values.has(option))
    .map(([method, option]) => ({ method, level: values.entry(option).level }));
  const [best] = given.toSorted((a, b) => a.level - b.level);
  const type = values.get("auth_type");
  if (type === null || (best && best.level < values.entry("auth_type").level)) {
    return best?.method ?? "password";
  }
  return AUTH_METHODS[type];
}

/** Refuses what no token can come of. */
export function checkOpenstack(values: OptionValues, refuse: Refuse): void {
  const has = (name: OptionName) => values.has(name);
  const type = values.get("auth_type");
  // A file may name an `auth_type` for others; a user or a secret means us.
  const isOurs = has("username") || has("user_id") || has("application_credential_id") ||
    has("application_credential_secret");
  if (!has("auth_url") && type !== null && type !== "none" && isOurs) {
    const { source } = values.entry("auth_type");
    refuse("auth_url", `Keystone's URL, which auth_type ${type} (${source}) needs`);
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

function checkProject(values: OptionValues, refuse: Refuse): void {
  if (values.has("project_name") || values.has("project_id")) return;
  refuse(
    "project_name",
    "the project that the service user works in (project_name or OS_PROJECT_NAME; project_id or " +
      "OS_PROJECT_ID): without one Keystone gives an unscoped token, which Neutron refuses",
  );
}

function checkApplicationCredential(values: OptionValues, refuse: Refuse): void {
  const has = (name: OptionName) => values.has(name);
  const secret = values.entry("application_credential_secret");
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
  for (const name of ["project_name", "project_id"] as const) {
    const project = values.entry(name);
    // A project from a place that counts less, such as neutron.conf's, goes with the user there.
    if (project.value === null || project.level > secret.level) continue;
    refuse(
      name,
      "no value beside an application credential, which belongs to one project already: unset it",
    );
  }
}

/** What works, but perhaps not as meant. */
export function warnOpenstack(values: OptionValues): string[] {
  const warnings: string[] = [];
  const source = (name: OptionName) => values.entry(name).source;
  const urls = [values.get("auth_url"), values.get("neutron_url"), values.get("nova_url")];
  if (values.get("insecure") && urls.some((url) => url?.startsWith("https:"))) {
    warnings.push(
      `insecure (${
        source("insecure")
      }) is not honoured: the certificates of Keystone, Neutron and ` +
        "Nova are always verified; name the CA that signed them with os_cacert",
    );
  }
  for (const name of ["neutron_url", "nova_url"] as const) {
    const isClear = /^http:/i.test(values.get(name) ?? "") && source(name) !== "default";
    if (!isClear || authMethod(values) === null || !/^https:/i.test(values.get("auth_url") ?? "")) {
      continue;
    }
    warnings.push(
      `${name} (${source(name)}) is http and auth_url is https: our token goes there in the clear`,
    );
  }
  if (authMethod(values) === "token") {
    warnings.push(
      "a token (token, OS_TOKEN) cannot be renewed: once it runs out, nothing can be read any " +
        "more; a service that keeps running needs a password or an application credential",
    );
  }
  if (!values.has("auth_url") && values.has("username")) {
    warnings.push(
      `username is given (${source("username")}) but auth_url is not: requests carry no token`,
    );
  }
  return warnings;
}

/** The section, from values that were checked. */
export function buildOpenstack(values: OptionValues): OpenstackConfig {
  const method = authMethod(values);
  const fromCatalogue = {
    neutron: method !== null && values.entry("neutron_url").source === "default",
    nova: method !== null && !values.has("nova_url"),
  };
  return {
    neutronUrl: fromCatalogue.neutron ? "" : values.get("neutron_url").replace(/\/v2\.0$/, ""),
    novaUrl: values.get("nova_url"),
    fromCatalogue,
    authUrl: method === null ? null : values.get("auth_url"),
    credential: method === null ? null : buildCredential(method, values),
    regionName: values.get("os_region_name"),
    interface: values.get("os_interface").replace(/URL$/, "") as OpenstackConfig["interface"],
    caFile: values.get("os_cacert"),
    certFile: values.get("os_cert"),
    keyFile: values.get("os_key"),
    requestTimeoutMs: values.get("request_timeout") * 1000,
    pageSize: values.get("page_size"),
    neutronParallel: values.get("neutron_parallel"),
  };
}

function buildCredential(method: Credential["method"], values: OptionValues): Credential {
  switch (method) {
    case "password":
      return {
        method,
        user: named(values, "user")!,
        password: values.get("password")!,
        project: named(values, "project"),
      };
    case "application_credential": {
      const id = values.get("application_credential_id");
      return {
        method,
        id,
        name: values.get("application_credential_name"),
        user: id === null ? named(values, "user") : null,
        secret: values.get("application_credential_secret")!,
      };
    }
    case "token":
      return {
        method,
        token: values.get("token")!,
        project: named(values, "project"),
      };
  }
}

function named(values: OptionValues, what: "user" | "project"): Named | null {
  const chosen = chosenOf(values, `${what}_id`, what === "user" ? "username" : "project_name");
  if (chosen === null || "id" in chosen) return chosen;
  return { ...chosen, domain: chosenOf(values, `${what}_domain_id`, `${what}_domain_name`)! };
}

/** The id or the name: what comes from the place that counts more, the id when it is the same. */
function chosenOf(values: OptionValues, id: OptionName, name: OptionName): DomainRef | null {
  const [byId, byName] = [values.entry(id), values.entry(name)];
  if (byId.value !== null && (byName.value === null || byId.level <= byName.level)) {
    return { id: byId.value };
  }
  return byName.value === null ? null : { name: byName.value };
}
