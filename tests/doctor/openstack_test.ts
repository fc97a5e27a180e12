import { systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { type Finding, runChecks } from "../../lib/doctor/check.ts";
import { openstackChecks } from "../../lib/doctor/openstack.ts";
import { USES } from "../../lib/openstack/extensions.ts";
import { VALUES_PER_REQUEST } from "../../lib/openstack/list_by.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { type FakeKeystone, withKeystone } from "../openstack_client/fake_keystone.ts";

const ALIASES = [...USES.map(({ alias }) => alias), "qos-rule-type-filter", "tag-creation"];
const BOUND = { id: "p", "binding:host_id": "h-1", "binding:vif_type": "tap" };

/** What Neutron and Nova answer behind the same address as Keystone. */
interface Cloud {
  aliases: string[];
  ports: Record<string, string>[];
  agents: { host: string; alive: boolean }[];
  nova: number;
  date: string | null;
  /** The answer for networks that do not exist, in its three forms. */
  networks: "none" | "all" | "refused";
  /** Networks with the ids of their subnets. */
  subnetsOf: () => { id: string; subnets: string[] }[];
  /** Whether Keystone lets projects be listed. */
  projects: boolean;
  /** Neutron answers 500 about ports until another list was read; "always": after it as well. */
  cold?: boolean | "always";
}

async function withCloud(
  play: (cloud: Cloud, keystone: FakeKeystone, check: () => Promise<Found>) => Promise<void>,
): Promise<void> {
  const cloud: Cloud = {
    aliases: ALIASES,
    ports: [BOUND],
    agents: [{ host: "h-1", alive: true }],
    nova: 404,
    date: null,
    networks: "none",
    subnetsOf: () => [],
    projects: true,
  };
  const answer = ({ url }: Request): Response | null => {
    const { pathname } = new URL(url);
    const headers: HeadersInit = cloud.date ? { date: cloud.date } : {};
    switch (pathname) {
      case "/v2.0/extensions":
        return Response.json({ extensions: cloud.aliases.map((alias) => ({ alias })) }, {
          headers,
        });
      case "/v2.0/ports":
        if (cloud.cold) return Response.json({ NeutronError: { message: "no" } }, { status: 500 });
        return Response.json({ ports: cloud.ports });
      case "/v2.0/networks":
        if (cloud.cold === true && url.includes("id=00000000")) cloud.cold = false;
        if (cloud.networks === "refused") return new Response("", { status: 414 });
        if (url.includes("fields=subnets")) return Response.json({ networks: cloud.subnetsOf() });
        return Response.json({ networks: cloud.networks === "all" ? [{ id: "n" }] : [] });
      case "/v2.0/subnets":
        return Response.json({ subnets: [] });
      case "/v3/projects":
        return cloud.projects ? null : Response.json({}, { status: 403 });
      case "/v2.0/agents":
        return Response.json({ agents: cloud.agents });
      case "/compute/v2.1/os-server-external-events":
        return Response.json({
          itemNotFound: { message: "No instances found for any event", code: 404 },
        }, { status: cloud.nova });
      default:
        return null;
    }
  };
  await withKeystone(async (keystone) => {
    keystone.answer.override = answer;
    keystone.answer.projects = [{ id: "1", name: "one", parent_id: null }];
    await play(cloud, keystone, () => check(keystone.url));
  });
}

type Found = (name: string) => Finding;

async function check(url: string, change: Partial<Config["openstack"]> = {}): Promise<Found> {
  const openstack = {
    ...testConfig().openstack,
    authUrl: `${url}/v3`,
    neutronUrl: url,
    novaUrl: `${url}/compute/v2.1`,
    credential: { method: "token", token: "given", project: null } as const,
    ...change,
  };
  using auth = new KeystoneAuth(openstack, systemClock);
  const checks = openstackChecks(testConfig({ openstack }), auth, systemClock);
  const { signal } = new AbortController();
  const findings = await runChecks(checks, { deadlineMs: 20_000, signal });
  return (name) => {
    const finding = findings.find((finding) => finding.name.startsWith(name));
    assert(finding, `${name} among ${findings.map(({ name }) => name)}`);
    return finding;
  };
}

Deno.test("a healthy cloud, but for Keystone's clock, which is two hours behind", () =>
  withCloud(async (cloud, _, check) => {
    cloud.date = new Date().toUTCString();
    const of = await check();
    for (
      const name of [
        "Keystone http",
        "Keystone rights",
        "Neutron http",
        "Neutron extensions",
        "Neutron rights",
        "Neutron long requests",
        "Neutron agents",
        "Neutron port binding",
        "clock of Neutron",
        "Nova http",
      ]
    ) assertEquals(of(name).state, "ok", JSON.stringify(of(name)));
    assertMatch(of("Neutron http").found, /release 2024\.2 or later/);
    assertMatch(of("clock of Keystone").found, /its clock is 7\d{3}\.\d s behind ours/);
  }));

Deno.test("a Neutron that has only just started is asked again, which is said; one that fails has failed", () =>
  withCloud(async (cloud, _, check) => {
    cloud.cold = true;
    const of = await check();
    assertEquals(of("Neutron rights").state, "ok");
    assertMatch(
      of("Neutron rights").found,
      /where they are bound \(asked again: Neutron answered 500/,
    );
    cloud.cold = "always";
    const worse = await check();
    assertEquals(worse("Neutron rights").state, "failed");
    assertMatch(
      worse("Neutron rights").found,
      /answered 500: no \(so it did each of 3 times after/,
    );
    assertEquals(worse("Neutron agents").state, "ok");
  }));

Deno.test("missing extensions, a user without rights, dead agents, failed bindings, Nova's refusal", () =>
  withCloud(async (cloud, _, check) => {
    Object.assign(cloud, {
      aliases: ["binding"],
      ports: [{ id: "p" }],
      agents: [{ host: "h-1", alive: false }, { host: "h-2", alive: true }],
      nova: 403,
      date: new Date(Date.now() - 60_000).toUTCString(),
    });
    const of = await check();
    assertEquals(of("Neutron extensions").state, "warning");
    assertMatch(of("Neutron rights").found, /does not see where ports are bound/);
    assertMatch(of("Neutron agents").found, /1 of 2 Calico agents are alive; not: h-1/);
    assertMatch(of("clock of Neutron").found, /behind ours/);
    assertEquals(of("clock of Neutron").state, "failed");
    assertMatch(of("Nova http").advice!, /admin or service role/);
    cloud.agents = [{ host: "h-1", alive: false }];
    cloud.ports = [BOUND, { ...BOUND, id: "q", "binding:vif_type": "binding_failed" }];
    const worse = await check();
    assertEquals(worse("Neutron agents").state, "failed");
    assertMatch(worse("Neutron port binding").found, /1 tap, 1 binding_failed; failed on h-1/);
  }));

Deno.test("a collection that is seen only in part is named, with what a port names and Neutron hides", () =>
  withCloud(async (cloud, _, check) => {
    assertEquals((await check())("Neutron view").state, "ok");
    cloud.ports = [{ ...BOUND, network_id: "n-1" }, { ...BOUND, id: "q", network_id: "n-2" }];
    const { state, found, advice } = (await check())("Neutron view");
    assertEquals(state, "warning");
    assertMatch(found, /^sees 0 of 2 networks that ports name; not n-1$/);
    assertMatch(advice!, /nothing of what it sees in part is deleted/);
  }));

Deno.test("subnets that only their network names are looked for; a forged port names nothing", () =>
  withCloud(async (cloud, _, check) => {
    cloud.subnetsOf = () => [{ id: "n", subnets: ["s-1"] }];
    cloud.ports = [{
      ...BOUND,
      device_owner: "network:floatingip",
      device_id: "f-1",
      project_id: "a-tenant",
    }];
    const { state, found } = (await check())("Neutron view");
    assertEquals(state, "warning");
    assertMatch(found, /^sees 0 of 1 subnets that ports and networks name; not s-1$/);
    // It was deleted between the two questions.
    let asked = 0;
    cloud.subnetsOf = () => asked++ === 0 ? [{ id: "n", subnets: ["s-1"] }] : [];
    assertEquals((await check())("Neutron view").state, "ok");
  }));

Deno.test("when Keystone refuses us, that is said once, and nothing else is tried", () =>
  withCloud(async (_, keystone) => {
    const credential = { method: "token", token: "old", project: null } as const;
    const of = await check(keystone.url, { credential });
    assertEquals(of("Keystone http").state, "failed");
    assertMatch(of("Keystone http").found, /run out or was revoked/);
    for (const name of ["Keystone rights", "clock of Keystone", "Neutron http", "Nova http"]) {
      assertEquals(of(name).state, "skipped", name);
    }
  }));

Deno.test("nothing there at all, and endpoints that nobody knows", async () => {
  const of = await check("http://127.0.0.1:1", { credential: null, authUrl: null });
  assertEquals([of("Keystone").state, of("Neutron http").state], ["ok", "failed"]);
  assertEquals([of("Neutron agents").state, of("Nova http").state], ["skipped", "failed"]);
  const unknown = await check("http://127.0.0.1:1", {
    neutronUrl: "",
    novaUrl: null,
    fromCatalogue: { neutron: true, nova: true },
  });
  assertEquals([unknown("Neutron").state, unknown("Nova").state], ["skipped", "skipped"]);
});

Deno.test("a right to list projects that Keystone refuses is not called ok, nor is an empty list", () =>
  withCloud(async (cloud, keystone, check) => {
    cloud.projects = false;
    const refused = (await check())("Keystone rights");
    assertEquals([refused.state, refused.found], ["warning", "may not list projects"]);
    assertMatch(refused.advice!, /identity:list_projects/);
    cloud.projects = true;
    keystone.answer.projects = [];
    const none = (await check())("Keystone rights");
    assertEquals(none.state, "warning");
    assertMatch(none.found, /lists no project/);
  }));

Deno.test("an API that does not take requests as long as ours, and one that drops their filter", () =>
  withCloud(async (cloud, keystone, check) => {
    const of = await check();
    const [, shown] = /takes a request of ([\d,]+) characters/.exec(of("Neutron long").found)!;
    const asked = keystone.requests.filter((line) => line.startsWith("GET /v2.0/networks?"))
      .filter((line) => !line.includes("fields=subnets"));
    assertEquals(asked.length, 1, "one request");
    const url = `${keystone.url}${asked[0]!.slice("GET ".length)}`;
    assertEquals(url.length.toLocaleString("en-US"), shown);
    assertEquals(new URL(url).searchParams.getAll("id").length, VALUES_PER_REQUEST);
    cloud.networks = "refused";
    const refused = (await check())("Neutron long");
    assertEquals(refused.state, "warning");
    assertMatch(refused.found, /does not take a request of/);
    assertMatch(refused.advice!, /buffer-size/);
    cloud.networks = "all";
    const dropped = (await check())("Neutron long");
    assertEquals(dropped.state, "warning");
    assertMatch(dropped.found, /drops the filter/);
  }));
