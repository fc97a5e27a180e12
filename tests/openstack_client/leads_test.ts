/** Where Keystone's answers and Neutron's lead, and where nobody goes. */
import { systemClock } from "../../lib/base/clock.ts";
import { findEndpoint } from "../../lib/openstack/catalogue.ts";
import type { OpenstackConfig } from "../../lib/openstack/config.ts";
import { endpointsOf } from "../../lib/openstack/endpoints.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { shownUrl } from "../../lib/openstack/leads.ts";
import { networkSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { type FakeKeystone, service, withKeystone } from "./fake_keystone.ts";
import { withNeutron } from "./fake_neutron.ts";

const { signal } = new AbortController();

function authOf(keystone: FakeKeystone, change: Partial<OpenstackConfig> = {}): KeystoneAuth {
  const { openstack } = testConfig();
  const user = { name: "u", domain: { name: "Default" } };
  const credential = { method: "password", user, password: "sesame", project: null } as const;
  const authUrl = keystone.url;
  return new KeystoneAuth({ ...openstack, authUrl, credential, ...change }, systemClock);
}

function asked(url: string, authUrl: string, type = "network"): string {
  const choice = { interface: "internal", regionName: null, authUrl };
  try {
    return findEndpoint([service(type, [["internal", "A", url]])], type, choice);
  } catch (error) {
    return String(error);
  }
}

Deno.test("a catalogue may name other hosts, and TLS where Keystone has none", () => {
  for (
    const url of ["http://net.example:9696", "https://10.0.0.6/network", "http://[2001:db8::1]"]
  ) {
    assertEquals(asked(url, "http://ctl:5000/v3"), url);
  }
  assertEquals(asked("https://net:9696", "https://ctl:5000/v3"), "https://net:9696");
});

Deno.test("a catalogue that leads into the clear, to a user or to no host is refused and named", () => {
  const clear = asked("http://net:9696", "https://ctl:5000/v3");
  assertMatch(
    clear,
    /internal endpoint of the network service .*"http:\/\/net:9696\/".*in the clear/,
  );
  assertMatch(asked("HTTP://net:9696", "HTTPS://ctl:5000/v3"), /in the clear/);
  assertMatch(clear, /name the one to ask with neutron_url/);
  assertMatch(asked("http://nova:8774", "https://ctl/v3", "compute"), /with nova_url$/);
  const user = asked("http://me:word@net:9696", "http://ctl:5000");
  assertMatch(user, /it has a user/);
  assert(!user.includes("word"), user);
  for (
    const url of ["http://*.example:9696", "http://0.0.0.0:9696", "https://[::]", "http://0x0"]
  ) {
    assertMatch(asked(url, "http://ctl:5000"), /its host is a wildcard, or no host at all/);
  }
  for (const url of ["file:///etc/passwd", "unix:///run/x", "net:9696", "", "/network"]) {
    assertMatch(asked(url, "http://ctl:5000"), /it is no URL of http or https/);
  }
  for (const url of ["http://net?x=1", "http://net/#x"]) {
    assertMatch(asked(url, "http://ctl:5000"), /a query or a fragment/);
  }
});

Deno.test("a Nova in the clear is not told, and the note says why", async () => {
  const catalog = [
    service("network", [["internal", "A", "https://net:9696"]]),
    service("compute", [["internal", "A", "http://0.0.0.0:8774/v2.1"]]),
  ];
  await withKeystone(async (keystone) => {
    keystone.answer.catalog = catalog;
    const fromCatalogue = { neutron: true, nova: true };
    using auth = authOf(keystone, { fromCatalogue, novaUrl: null });
    const { novaUrl, notes } = await endpointsOf(auth, signal);
    assertEquals(novaUrl, null);
    assertMatch(notes.join("\n"), /Nova is not told .*"http:\/\/0\.0\.0\.0:8774\/v2\.1"/);
  });
});

/** Plays a Keystone whose list of versions names that as the link to v3. */
function withLink(href: string, play: (keystone: FakeKeystone) => Promise<void>): Promise<void> {
  return withKeystone(async (keystone) => {
    keystone.answer.override = ({ url }) =>
      new URL(url).pathname === "/"
        ? Response.json({ versions: { values: [{ id: "v3.14", links: [{ rel: "self", href }] }] } })
        : null;
    await play(keystone);
  });
}

for (
  const href of [
    "http://elsewhere.example:5000/v3/",
    "https://127.0.0.1/v3/",
    "http://elsewhere.example/v3?to=x",
  ]
) {
  Deno.test(`a version document that leads to ${href} is not followed, and named`, () =>
    withLink(href, async (keystone) => {
      using auth = authOf(keystone);
      const { authUrl, notes } = await endpointsOf(auth, signal);
      assertEquals(authUrl, `${keystone.url}/v3`);
      assertMatch(notes.join("\n"), new RegExp(`leads to ${shownUrl(href)}, which is not asked`));
    }));
}

Deno.test("a path that begins as a host does stays a path", () =>
  withLink("http://127.0.0.1//elsewhere.example/v3", async (keystone) => {
    using auth = authOf(keystone);
    const found = await auth.identityUrl(signal);
    assertEquals(found, `${keystone.url}//elsewhere.example/v3`);
    assertEquals(new URL(found).host, new URL(keystone.url).host);
  }));

for (const href of ["http://me:word@127.0.0.1/v3", "ftp://127.0.0.1/v3", "javascript:v3"]) {
  Deno.test(`a version document that leads to ${shownUrl(href)} is refused`, () =>
    withLink(href, async (keystone) => {
      using auth = authOf(keystone);
      const outcome = await auth.identityUrl(signal).then(() => "found", String);
      assertMatch(outcome, /versions of Keystone at .* lead to .*, which is not asked/);
      assert(!outcome.includes("word"), outcome);
      assertEquals(keystone.logins, []);
    }));
}

Deno.test("the list of versions of a Keystone that calls itself what it was asked for needs no note", () =>
  withKeystone(async (keystone) => {
    const href = `${keystone.url}/v3/`;
    keystone.answer.override = ({ url }) =>
      new URL(url).pathname === "/"
        ? Response.json({ versions: [{ id: "v3.14", links: [{ rel: "self", href }] }] })
        : null;
    using auth = authOf(keystone);
    assertEquals((await endpointsOf(auth, signal)).notes.join().includes("leads to"), false);
  }));

Deno.test("the link of a page is not followed: the next one is asked of the host that is configured", () =>
  withNeutron(async (scene) => {
    const ids = ["a", "b", "c", "d"];
    scene.cloud.networks = ids.map((id) => ({
      id,
      name: id,
      revision_number: 1,
      qos_policy_id: null,
    }));
    let led = 0;
    await using elsewhere = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => {
        led++;
        return Response.json({ networks: [] });
      },
    );
    const href = `http://127.0.0.1:${elsewhere.addr.port}/v2.0/networks`;
    scene.spoil = ({ records, links }) => ({
      records,
      links: (links as { rel: string }[]).map(({ rel }) => ({ rel, href })),
    });
    const { items } = await scene.neutron.list("networks", networkSchema, signal);
    assertEquals(items.map(({ id }) => id), ids);
    assertEquals([led, new Set(scene.requests.map(({ host }) => host)).size], [0, 1]);
  }));

Deno.test("a URL is shown without what may be secret in it", () => {
  assertEquals(shownUrl("http://me:word@h:1/v3?token=x#y"), "http://h:1/v3");
  assertEquals(shownUrl("http:me:word@h/v3"), "http://h/v3");
  assertEquals(shownUrl("//me:word@h/v3?x"), "h/v3");
  assertEquals(shownUrl("/identity/v3?x"), "/identity/v3");
  assertEquals(shownUrl("http://h/" + "x".repeat(1000)).length, 200);
  assertEquals(shownUrl("ftp://me:word@h/x"), "ftp://h/x");
});
