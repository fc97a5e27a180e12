import { systemClock } from "../../lib/base/clock.ts";
import type { OpenstackConfig } from "../../lib/openstack/config.ts";
import { findEndpoint, neutronBase, novaBase } from "../../lib/openstack/catalogue.ts";
import type { Credential } from "../../lib/openstack/credential.ts";
import { endpointsOf } from "../../lib/openstack/endpoints.ts";
import { OpenstackError, readJson } from "../../lib/openstack/http.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { testConfig } from "../support/test_config.ts";
import { type FakeKeystone, service, withKeystone } from "./fake_keystone.ts";

const Default = { name: "Default" };
const PASSWORD: Credential & { method: "password" } = {
  method: "password",
  user: { name: "neutron", domain: Default },
  password: "sesame",
  project: { name: "service", domain: Default },
};
const signal = new AbortController().signal;

function authOf(
  keystone: FakeKeystone,
  change: Partial<OpenstackConfig> = {},
  clock = systemClock as FakeClock | typeof systemClock,
): KeystoneAuth {
  return new KeystoneAuth({
    ...testConfig().openstack,
    authUrl: `${keystone.url}/v3`,
    neutronUrl: keystone.url,
    credential: PASSWORD,
    ...change,
  }, clock);
}

const failure = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(() => null, (error) => error);
  assert(error !== null, "it succeeded");
  assert(!/sesame|guess/.test(error.message), error.message);
  return error.message;
};

Deno.test("the three ways to log in are what Keystone expects", () =>
  withKeystone(async (keystone) => {
    const secret = "sesame";
    const ways: Credential[] = [
      PASSWORD,
      { method: "application_credential", id: "ac", name: null, user: null, secret },
      {
        method: "application_credential",
        id: null,
        name: "conductor",
        user: { id: "u" },
        secret,
      },
      { method: "token", token: "given", project: null },
    ];
    for (const credential of ways) {
      const token = await authOf(keystone, { credential }).token(signal);
      assertEquals(token?.roles, ["admin"]);
    }
    assertEquals(keystone.logins.map((login) => login.auth), [
      {
        identity: {
          methods: ["password"],
          password: { user: { name: "neutron", domain: Default, password: secret } },
        },
        scope: { project: { name: "service", domain: Default } },
      },
      {
        identity: {
          methods: ["application_credential"],
          application_credential: { id: "ac", secret },
        },
      },
      {
        identity: {
          methods: ["application_credential"],
          application_credential: { name: "conductor", user: { id: "u" }, secret },
        },
      },
      { identity: { methods: ["token"], token: { id: "given" } } },
    ]);
  }));

Deno.test("a wrong password and a wrong project are told apart, and asked about once", () =>
  withKeystone(async (keystone) => {
    const wrong = authOf(keystone, { credential: { ...PASSWORD, password: "guess" } });
    assertMatch(
      await failure(wrong.token(signal)),
      /user "neutron" of domain "Default": its name,/,
    );
    await failure(wrong.token(signal));
    assertEquals(keystone.logins.length, 3, "two tries, and one look at why");
    keystone.answer.project = "other";
    assertMatch(
      await failure(authOf(keystone).token(signal)),
      /knows user "neutron".*but not in project "service".*it has one in mine.*set project_name/,
    );
    const credential = {
      method: "application_credential",
      id: "ac",
      name: null,
      user: null,
      secret: "guess",
    } as const;
    assertMatch(
      await failure(authOf(keystone, { credential }).token(signal)),
      /application credential "ac": its id or secret is wrong, it has expired/,
    );
    const token = { method: "token", token: "old", project: null } as const;
    const refused = await failure(authOf(keystone, { credential: token }).token(signal));
    assertMatch(refused, /run out or was revoked/);
  }));

for (const path of ["", "/", "/v3", "/v3/", "/v2.0"]) {
  Deno.test(`v3 is found from ${path || "the bare URL"}, at the address that was given`, () =>
    withKeystone(async (keystone) => {
      const auth = authOf(keystone, { authUrl: keystone.url + path });
      await auth.token(signal);
      assertEquals(await auth.identityUrl(signal), `${keystone.url}/v3`);
    }));
}

Deno.test("a URL that is not Keystone's says so", () =>
  withKeystone(async (keystone) => {
    keystone.answer.override = () => new Response("<html><title>Horizon</title></html>");
    const message = await failure(authOf(keystone, { authUrl: keystone.url }).token(signal));
    assertMatch(message, /is no URL of Keystone v3 \(auth_url\)/);
    keystone.answer.override = () => new Response("nope", { status: 404 });
    assertMatch(await failure(authOf(keystone).token(signal)), /answered 404: nope: is auth_url/);
    keystone.answer.override = () =>
      new Response("", { status: 301, headers: { location: "https://ctl/identity/v3?x=sesame" } });
    assertMatch(
      await failure(authOf(keystone).token(signal)),
      /redirects to https:\/\/ctl\/identity\/v3: is that the URL/,
    );
  }));

Deno.test("a token is renewed early by Keystone's own clock, short-lived ones too", () =>
  withKeystone(async (keystone) => {
    for (const [lifeMs, early] of [[3_600_000, 120_000], [60_000, 12_000]] as const) {
      keystone.answer.lifeMs = lifeMs;
      const clock = new FakeClock(Date.now());
      const auth = authOf(keystone, {}, clock);
      const first = await auth.token(signal);
      await clock.advance(lifeMs - early - 1);
      assertEquals(await auth.token(signal), first);
      await clock.advance(2);
      assert(await auth.token(signal) !== first);
    }
  }));

Deno.test("many that need a token at once get it with one login", () =>
  withKeystone(async (keystone) => {
    const auth = authOf(keystone);
    const read = () => auth.fetch(`${keystone.url}/v2.0/ports`, signal, readJson);
    await Promise.all(Array.from({ length: 8 }, read));
    assertEquals(keystone.logins.length, 1);
    keystone.revokedBelow = 1;
    await Promise.all(Array.from({ length: 8 }, read));
    assertEquals(keystone.logins.length, 2);
  }));

// The second: what another list that was read beside it failed with.
for (
  const why of [new Error("the term is over"), new OpenstackError("/networks answered 401", 401)]
) {
  Deno.test(`who waits for another's login is not hurt when that one is aborted: ${why.message}`, () =>
    withKeystone(async (keystone) => {
      const arrived = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      keystone.answer.override = async () => {
        arrived.resolve();
        await held.promise;
        return null!;
      };
      const auth = authOf(keystone);
      const first = new AbortController();
      const one = auth.token(first.signal);
      await arrived.promise;
      const two = auth.token(signal);
      const impatient = new AbortController();
      const three = auth.token(impatient.signal);
      impatient.abort(new Error("no time to wait"));
      assertMatch(await failure(three), /no time to wait/);
      first.abort(why);
      assertEquals(await failure(one), why.message);
      held.resolve();
      assert(await two !== null);
    }));
}

Deno.test("a fresh token that is refused all the same says where to look", () =>
  withKeystone(async (keystone) => {
    keystone.revokedBelow = Infinity;
    const message = await failure(
      authOf(keystone).fetch(`${keystone.url}/v2.0/ports`, signal, readJson),
    );
    assertMatch(message, /has just issued that token: does the service ask the same Keystone/);
  }));

const CATALOGUE = [
  service("network", [["internal", "A", "http://n-a:9696/v2.0/"], [
    "public",
    "B",
    "http://n-b/net",
  ]]),
  service("compute", [["internal", "A", "http://nova:8774"]]),
];

Deno.test("the catalogue: interface and region, and what is wrong with them", () => {
  const find = (type: string, wanted: string, regionName: string | null) => () =>
    findEndpoint(CATALOGUE, type, { interface: wanted, regionName, authUrl: null });
  assertEquals(find("network", "public", "B")(), "http://n-b/net");
  const problem = (act: () => unknown): string => {
    try {
      return String(act());
    } catch (error) {
      return String(error);
    }
  };
  assertMatch(
    problem(find("network", "internal", null)),
    /several regions: .*OS_REGION_NAME\): A, B/,
  );
  assertMatch(problem(find("network", "internal", "C")), /not in region "C".*it is in A, B/);
  assertMatch(problem(find("network", "internal", "B")), /no internal endpoint.*it has public/);
  assertMatch(
    problem(find("volume", "internal", "B")),
    /no volume service.*it has network, compute/,
  );
  assertEquals(neutronBase("http://n/net/v2.0/"), "http://n/net");
  assertEquals(neutronBase("http://n:9696"), "http://n:9696");
  assertEquals(novaBase("http://nova:8774/"), "http://nova:8774/v2.1");
  assertEquals(novaBase("http://nova/compute/v2.1/abc"), "http://nova/compute/v2.1/abc");
});

Deno.test("endpoints by the catalogue; without Nova in it that is said", () =>
  withKeystone(async (keystone) => {
    keystone.answer.catalog = CATALOGUE;
    const fromCatalogue = { neutron: true, nova: true };
    const change = { fromCatalogue, novaUrl: null, regionName: "A", authUrl: keystone.url };
    const found = await endpointsOf(authOf(keystone, change), signal);
    assertEquals([found.neutronUrl, found.novaUrl], ["http://n-a:9696", "http://nova:8774/v2.1"]);
    assertMatch(found.notes.join(), /names no version: Keystone v3 was found at .*\/v3/);
    keystone.answer.catalog = CATALOGUE.slice(0, 1);
    const bare = await endpointsOf(authOf(keystone, change), signal);
    assertEquals(bare.novaUrl, null);
    assertMatch(bare.notes.join(), /Nova is not told.*no compute service/);
  }));

Deno.test("a Neutron that has moved in the catalogue is named, once a minute", () =>
  withKeystone(async (keystone) => {
    keystone.answer.catalog = [service("network", [["internal", "A", "http://new:9696"]])];
    const auth = authOf(keystone, { fromCatalogue: { neutron: true, nova: false } });
    const gone = () => failure(auth.fetch(`${keystone.url}/v2.0/nothing`, signal, readJson));
    assertMatch(await gone(), /catalogue names http:\/\/new:9696 .* SIGHUP/);
    const { length } = keystone.logins;
    await gone();
    assertEquals(keystone.logins.length, length);
  }));
