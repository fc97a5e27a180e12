import process from "node:process";
import { type ConfigInput, resolveConfig } from "../../lib/config/resolve.ts";
import type { Credential } from "../../lib/openstack/credential.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

const HOME = "/home/o";
const PASSWORD = {
  OS_AUTH_URL: "https://ctl:5000",
  OS_USERNAME: "neutron",
  OS_PASSWORD: "sesame",
  OS_PROJECT_NAME: "service",
};
const APPLICATION = {
  OS_AUTH_URL: "https://ctl:5000/v3",
  OS_APPLICATION_CREDENTIAL_ID: "ac1",
  OS_APPLICATION_CREDENTIAL_SECRET: "sesame",
};

function resolve(env: Record<string, string>, input: Partial<ConfigInput> = {}) {
  return resolveConfig({ flags: {}, env: { HOME, ...env }, files: [], hostname: "h", ...input });
}

function credential(env: Record<string, string>, input: Partial<ConfigInput> = {}): Credential {
  return resolve(env, input).config.openstack.credential!;
}

function refusal(env: Record<string, string>, input: Partial<ConfigInput> = {}): string {
  try {
    resolve(env, input);
  } catch (error) {
    assert(error instanceof Error && error.name === "ConfigError", String(error));
    assert(!error.message.includes("sesame"), error.message);
    return error.message;
  }
  throw new Error("it was accepted");
}

const without = (env: Record<string, string>, ...names: string[]) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
const ini = (section: string, lines: string) => [
  { path: "neutron.conf", text: `[${section}]\n${lines}` },
];

Deno.test("a password: names with domains, ids without", () => {
  const domain = { name: "Default" };
  assertEquals(credential(PASSWORD), {
    method: "password",
    user: { name: "neutron", domain },
    password: "sesame",
    project: { name: "service", domain },
  });
  const ids = { OS_USER_ID: "u1", OS_PROJECT_ID: "p1", OS_USER_DOMAIN_ID: "d1" };
  assertEquals(credential({ ...PASSWORD, ...ids }), {
    method: "password",
    user: { id: "u1" },
    password: "sesame",
    project: { id: "p1" },
  });
  assertEquals(credential({ ...PASSWORD, OS_USER_DOMAIN_ID: "d1", OS_DEFAULT_DOMAIN: "East" }), {
    method: "password",
    user: { name: "neutron", domain: { id: "d1" } },
    password: "sesame",
    project: { name: "service", domain: { name: "East" } },
  });
});

Deno.test("the name counts when it comes from the place that counts more", () => {
  const files = ini("keystone_authtoken", "project_id = old\nuser_domain_id = other\n");
  const { project, user } = credential(
    { ...PASSWORD, OS_USER_DOMAIN_NAME: "East" },
    { files },
  ) as Credential & { method: "password" };
  assertEquals(project, { name: "service", domain: { name: "Default" } });
  assertEquals(user, { name: "neutron", domain: { name: "East" } });
});

Deno.test("no project: the sentence says what to set", () => {
  const text = refusal(without(PASSWORD, "OS_PROJECT_NAME"));
  assertMatch(text, /project_name \(default\): given nothing, .*OS_PROJECT_NAME.*unscoped token/);
});

Deno.test("no user, no password: both are named at once", () => {
  const text = refusal({ OS_AUTH_URL: "https://ctl:5000", OS_PROJECT_NAME: "service" });
  assertMatch(text, /username .*\n.*password/);
});

Deno.test("an application credential by id, or by name with its user", () => {
  assertEquals(credential(APPLICATION), {
    method: "application_credential",
    id: "ac1",
    name: null,
    user: null,
    secret: "sesame",
  });
  const named = {
    ...without(APPLICATION, "OS_APPLICATION_CREDENTIAL_ID"),
    OS_APPLICATION_CREDENTIAL_NAME: "conductor",
  };
  assertEquals(credential({ ...named, OS_USERNAME: "neutron" }), {
    method: "application_credential",
    id: null,
    name: "conductor",
    user: { name: "neutron", domain: { name: "Default" } },
    secret: "sesame",
  });
  assertMatch(refusal(named), /application_credential_name .*username or user_id beside it/);
});

Deno.test("an application credential with a project is refused, unless that one counts less", () => {
  assertMatch(
    refusal({ ...APPLICATION, OS_PROJECT_NAME: "service" }),
    /project_name \(OS_PROJECT_NAME\): given "service", .*belongs to one project already/,
  );
  const files = ini("keystone_authtoken", "username = neutron\npassword = x\nproject_name = s\n");
  assertEquals(credential(APPLICATION, { files }).method, "application_credential");
});

Deno.test("an auth_type is about the secrets of its own place and of those that count less", () => {
  const login = "username = neutron\npassword = x\nproject_name = s\n";
  const files = ini("keystone_authtoken", `auth_type = password\n${login}`);
  assertEquals(credential(APPLICATION, { files }).method, "application_credential");
  assertEquals(
    credential({ OS_AUTH_URL: "https://ctl", OS_TOKEN: "t" }, { files }).method,
    "token",
  );
  assertEquals(
    credential({ ...APPLICATION, OS_AUTH_TYPE: "password" }, { files }).method,
    "password",
  );
  const applications = ini(
    "keystone_authtoken",
    "auth_type = v3applicationcredential\napplication_credential_id = a\n" +
      "application_credential_secret = b\n",
  );
  assertEquals(credential(PASSWORD, { files: applications }).method, "password");
  const url = { OS_AUTH_URL: "https://ctl" };
  assertEquals(credential(url, { files: applications }).method, "application_credential");
});

Deno.test("a token is accepted, and that it cannot be renewed is said", () => {
  const env = {
    OS_AUTH_URL: "https://ctl:5000",
    OS_AUTH_TYPE: "v3token",
    OS_TOKEN: "sesame",
    OS_PROJECT_ID: "p1",
  };
  assertEquals(credential(env), { method: "token", token: "sesame", project: { id: "p1" } });
  assertMatch(resolve(env).warnings.join("\n"), /cannot be renewed/);
  assertMatch(refusal(without(env, "OS_TOKEN")), /token .*when auth_type says token/);
});

Deno.test("auth_type none: no token, and Neutron where it is said to be", () => {
  const { openstack } = resolve({ ...PASSWORD, OS_AUTH_TYPE: "none" }).config;
  assertEquals([openstack.credential, openstack.authUrl], [null, null]);
  assertEquals(openstack.neutronUrl, "http://127.0.0.1:9696");
});

Deno.test("an auth_type that is not known is refused with those that are", () => {
  assertMatch(refusal({ ...PASSWORD, OS_AUTH_TYPE: "v3oidcpassword" }), /v3applicationcredential/);
});

Deno.test("insecure is not honoured, and that is said", () => {
  const files = ini("keystone_authtoken", "insecure = true\n");
  assertMatch(resolve(PASSWORD, { files }).warnings.join("\n"), /not honoured.*os_cacert/);
  const plain = { ...PASSWORD, OS_AUTH_URL: "http://ctl:5000" };
  assertEquals(resolve(plain, { files }).warnings.filter((w) => /insecure/.test(w)), []);
});

Deno.test("Keystone, region, interface and CA of a neutron.conf, also by auth_section", () => {
  const text = `[keystone_authtoken]
auth_section = login
region_name = RegionOne
cafile = /etc/ca.pem
interface = publicURL
[login]
auth_type = password
auth_url = https://ctl:5000/v3/
user_name = neutron
password = sesame
tenant_name = service
`;
  const { openstack } = resolve({}, { files: [{ path: "neutron.conf", text }] }).config;
  assertEquals(openstack.authUrl, "https://ctl:5000/v3");
  assertEquals(openstack.credential?.method, "password");
  assertEquals(openstack.regionName, "RegionOne");
  assertEquals(openstack.interface, "public");
  assertEquals(openstack.caFile, "/etc/ca.pem");
  const nova = ini("nova", "region_name = East\nendpoint_type = admin\n");
  const other = resolve(PASSWORD, { files: nova }).config.openstack;
  assertEquals([other.regionName, other.interface], ["East", "admin"]);
});

Deno.test("the catalogue's region is not Calico's", () => {
  const { config } = resolve({ ...PASSWORD, OS_REGION_NAME: "RegionOne" });
  assertEquals(config.region, null);
  assertEquals(config.openstack.regionName, "RegionOne");
});

Deno.test("URLs that are given override the catalogue, one by one", () => {
  const flags = { neutron_url: "http://n:9696/v2.0/" };
  const { openstack } = resolve(PASSWORD, { flags }).config;
  assertEquals(openstack.neutronUrl, "http://n:9696");
  assertEquals(openstack.fromCatalogue, { neutron: false, nova: true });
});

const CLOUDS = `
common: &common
  region_name: North
clouds:
  prod:
    <<: *common
    auth:
      auth_url: https://ctl:5000/v3
      username: neutron
      project_name: service
      user_domain_name: East
    cacert: /etc/ca.pem
    verify: false
    compute_endpoint_override: http://nova:8774/v2.1
  app:
    auth_type: v3applicationcredential
    auth: {auth_url: "https://ctl:5000", application_credential_id: 0123}
    interface: internal
  old: {profile: acme}
`;
const SECURE = `
clouds:
  prod: {auth: {password: "sesame"}}
  app: {auth: {application_credential_secret: sesame}}
`;

/** Files by path. */
const disk = (files: Record<string, string>) => ({
  readFile: (path: string) => files[path] ?? null,
});
const both = disk({
  [`${HOME}/.config/openstack/clouds.yaml`]: CLOUDS,
  "/etc/openstack/clouds.yaml": "clouds: {}",
  "/etc/openstack/secure.yaml": SECURE,
});

Deno.test("clouds.yaml: a cloud with its secrets beside it, merged keys, overrides", () => {
  const { config, warnings } = resolve({ OS_CLOUD: "prod" }, both);
  const { openstack } = config;
  assertEquals(openstack.credential, {
    method: "password",
    user: { name: "neutron", domain: { name: "East" } },
    password: "sesame",
    project: { name: "service", domain: { name: "Default" } },
  });
  assertEquals(openstack.regionName, "North");
  assertEquals(openstack.caFile, "/etc/ca.pem");
  assertEquals(openstack.novaUrl, "http://nova:8774/v2.1");
  assertEquals(openstack.interface, "public", "openstacksdk's default");
  assertMatch(warnings.join("\n"), /insecure .*clouds\.yaml insecure/);
});

Deno.test("clouds.yaml: --os-cloud, an application credential whose id looks like a number", () => {
  const flags = { os_cloud: "app" };
  const { openstack } = resolve({ OS_CLOUD: "prod" }, { ...both, flags }).config;
  const { credential } = openstack;
  assert(credential?.method === "application_credential");
  assertEquals([credential.id, openstack.interface], ["0123", "internal"]);
});

Deno.test("a named cloud stands alone: neither OS_ variables nor neutron.conf are mixed in", () => {
  const files = ini("keystone_authtoken", "project_name = other\nregion_name = x\n");
  const env = { OS_CLOUD: "app", OS_PROJECT_NAME: "admin", OS_USERNAME: "me" };
  assertEquals(credential(env, { ...both, files }).method, "application_credential");
  const own = { OS_CLOUD: "prod", CONDUCTOR_PROJECT_NAME: "mine" };
  const mine = credential(own, both) as Credential & { method: "password" };
  assertEquals(mine.project, { name: "mine", domain: { name: "Default" } });
});

Deno.test("clouds.yaml: what is missing or broken is named, and no secret shown", () => {
  assertMatch(refusal({ OS_CLOUD: "prd" }, both), /has no cloud "prd": did you mean prod\?/);
  assertMatch(
    refusal({ OS_CLOUD: "p" }, disk({})),
    /no clouds\.yaml: looked at .*\/etc\/openstack/,
  );
  for (const name of ["constructor", "__proto__", "toString"]) {
    assertMatch(refusal({ OS_CLOUD: name }, both), /has no cloud ".*": it has/);
  }
  const broken = disk({ "./clouds.yaml": "clouds:\n  a: [\n password: sesame" });
  assertMatch(refusal({ OS_CLOUD: "a" }, broken), /\.\/clouds\.yaml is not YAML \(at line \d/);
  const given = { OS_CLOUD: "a", OS_CLIENT_CONFIG_FILE: "/x.yaml" };
  assertMatch(refusal(given, disk({ "/x.yaml": "clouds: {b: {}}" })), /\/x\.yaml has no cloud "a"/);
  assertMatch(resolve({ OS_CLOUD: "old" }, both).warnings.join("\n"), /vendor profiles/);
});

Deno.test("clouds.yaml: what the parser finds odd is not printed, for it would show the line", () => {
  const { emitWarning } = process;
  const said: unknown[] = [];
  process.emitWarning = (warning: unknown) => void said.push(warning);
  try {
    const odd = disk({ "./clouds.yaml": "clouds: {a: {auth: {password: !own sesame}}}" });
    resolve({ OS_CLOUD: "a" }, odd);
  } finally {
    process.emitWarning = emitWarning;
  }
  assertEquals(said, []);
});

Deno.test("a token that goes out in the clear because somebody said so is warned of", () => {
  const login = { OS_USERNAME: "u", OS_PASSWORD: "sesame", OS_PROJECT_NAME: "p" };
  const clear = (auth_url: string, neutron_url: string) =>
    resolve({ ...login, OS_AUTH_URL: auth_url }, { flags: { neutron_url } }).warnings
      .filter((warning) => warning.includes("in the clear"));
  assertMatch(
    clear("https://ctl/v3", "http://net").join(),
    /neutron_url \(--neutron-url\) is http/,
  );
  assertEquals(clear("https://ctl/v3", "https://net"), []);
  assertEquals(clear("http://ctl/v3", "http://net"), []);
});

Deno.test("a login without auth_url is noticed", () => {
  const env = { OS_USERNAME: "neutron", OS_PASSWORD: "sesame" };
  assertMatch(resolve(env).warnings.join("\n"), /auth_url is not: requests carry no token/);
  assertMatch(refusal({ ...env, OS_AUTH_TYPE: "password" }), /auth_url .*Keystone's URL/);
});
