/** What of a request is judged as Neutron's, with a Keystone and a Neutron on one server. @module */
import type { Clock } from "../../lib/base/clock.ts";
import type { OpenstackConfig } from "../../lib/openstack/config.ts";
import type { Credential } from "../../lib/openstack/credential.ts";
import { Extensions } from "../../lib/openstack/extensions.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { revisionSchema } from "../../lib/openstack/records.ts";
import { RequestGate } from "../../lib/openstack/request_gate.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { type FakeKeystone, withKeystone } from "./fake_keystone.ts";

const { signal } = new AbortController();
const Default = { name: "Default" };
const PASSWORD: Credential = {
  method: "password",
  user: { name: "neutron", domain: Default },
  password: "sesame",
  project: { name: "service", domain: Default },
};
/** How long each answer of Neutron's takes, ms. */
const NEUTRON_MS = 50;

interface Scene {
  readonly keystone: FakeKeystone;
  readonly neutron: NeutronClient;
  /** Why fewer requests were allowed, each time. */
  readonly downs: string[];
  /** Time that passes, ms. */
  pass(ms: number): void;
  /** What answers instead of Neutron; null: it does. */
  meddle: (request: Request) => Response | Promise<Response> | null;
  /** The same instead of Keystone, where a token is asked for. */
  meddleTokens: () => Response | null;
}

/** Runs a test with a gate that is open wide. */
async function withBoth(
  play: (scene: Scene) => Promise<void>,
  requestTimeoutMs = 30_000,
): Promise<void> {
  await withKeystone(async (keystone) => {
    const openstack: OpenstackConfig = {
      ...testConfig().openstack,
      authUrl: `${keystone.url}/v3`,
      neutronUrl: keystone.url,
      credential: PASSWORD,
      requestTimeoutMs,
    };
    let now = 0;
    const clock: Clock = {
      now: () => Date.now(),
      monotonic: () => now,
      uptime: () => 0,
      sleep: () => Promise.resolve(),
    };
    const downs: string[] = [];
    const gate = new RequestGate(8, {
      monotonic: clock.monotonic,
      onDown: (reason) => downs.push(reason),
    });
    gate.pace.limit = 8;
    using auth = new KeystoneAuth(openstack, clock);
    const shared = { extensions: new Extensions(null), gate };
    const scene: Scene = {
      keystone,
      neutron: new NeutronClient(openstack, auth, undefined, shared),
      downs,
      pass: (ms) => void (now += ms),
      meddle: () => null,
      meddleTokens: () => null,
    };
    const answer = async (request: Request): Promise<Response> => {
      const special = await scene.meddle(request);
      if (special) return special;
      now += NEUTRON_MS;
      return Response.json({ networks: [], networks_links: [{ rel: "previous", href: "x" }] });
    };
    keystone.answer.override = (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/v3/auth/tokens") return scene.meddleTokens();
      return pathname.startsWith("/v2.0/") ? answer(request) : null;
    };
    await play(scene);
  });
}
const list = ({ neutron }: Scene) => neutron.list("networks", revisionSchema, signal);

function refusal(code: number): Response {
  return Response.json({ error: { code, message: "no" } }, { status: code });
}

Deno.test("the time that a token takes is not Neutron's, nor is the one after a 401", () =>
  withBoth(async (scene) => {
    scene.meddleTokens = () => {
      scene.pass(20_000);
      return null;
    };
    await list(scene);
    assertEquals(scene.neutron.busyMs, NEUTRON_MS);
    let isStale = true;
    scene.meddle = () => {
      if (!isStale) return null;
      isStale = false;
      scene.pass(NEUTRON_MS);
      return refusal(401);
    };
    await list(scene);
    assertEquals(scene.keystone.logins.length, 2);
    assertEquals([scene.neutron.busyMs, scene.downs], [3 * NEUTRON_MS, []]);
  }));

for (const status of [429, 503]) {
  Deno.test(`Keystone's ${status} does not have Neutron spared, at first and after a 401`, () =>
    withBoth(async (scene) => {
      scene.meddleTokens = () => refusal(status);
      assert(await list(scene).then(() => false, () => true));
      scene.meddleTokens = () => null;
      await list(scene);
      scene.meddleTokens = () => refusal(status);
      scene.meddle = () => refusal(401);
      assert(await list(scene).then(() => false, () => true));
      const { limit, spared } = scene.neutron.gate.record();
      assertEquals([limit, spared, scene.downs], [8, null, []]);
    }));

  Deno.test(`Neutron's own ${status} does, also when it is the last`, () =>
    withBoth(async (scene) => {
      scene.meddle = () => refusal(status);
      assert(await list(scene).then(() => false, () => true));
      assertEquals(scene.downs.length, 1);
      assertEquals(scene.neutron.gate.record().limit, 4);
    }));
}

Deno.test("a Neutron that fell silent has not been busy meanwhile, and one that answers has", () =>
  withBoth(async (scene) => {
    const { neutron: { config, auth, shared } } = scene;
    const away = Promise.withResolvers<void>();
    let tries = 0;
    scene.meddle = () => {
      if (tries++ > 1) return null;
      scene.pass(30_000);
      return away.promise.then(() => refusal(503));
    };
    await list(scene);
    away.resolve();
    const account = { busyMs: 0, waitedMs: 0 };
    const counted = new NeutronClient(config, auth, undefined, shared).countedIn(account);
    tries = 0;
    await counted.list("networks", revisionSchema, signal);
    assertEquals([scene.neutron.busyMs, account.busyMs], [2 * NEUTRON_MS, NEUTRON_MS]);
    assertEquals(account.waitedMs, 60_000 + NEUTRON_MS, "it may have been busy all the same");
    assertEquals(new Set(scene.downs), new Set(["no-answer", "unavailable"]));
  }, 500));
