import { systemClock } from "../../lib/base/clock.ts";
import { checkNeutronClock } from "../../lib/doctor/neutron_clock.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { withKeystone } from "../openstack_client/fake_keystone.ts";

Deno.test("without a Date header: an agent's heartbeat in our future tells that Neutron's clock is ahead, else it is not known", () =>
  withKeystone(async (keystone) => {
    let heartbeats: (string | null)[] = [];
    keystone.answer.override = ({ url }) =>
      new URL(url).pathname === "/v2.0/agents"
        ? Response.json({ agents: heartbeats.map((at) => ({ heartbeat_timestamp: at })) })
        : null;
    const openstack = {
      ...testConfig().openstack,
      authUrl: `${keystone.url}/v3`,
      credential: { method: "token", token: "given", project: null } as const,
    };
    using auth = new KeystoneAuth(openstack, systemClock);
    const where = { auth, agentsUrl: `${keystone.url}/v2.0/agents`, clock: systemClock };
    const judge = () => checkNeutronClock(null, where, new AbortController().signal);
    /** As Neutron writes it: UTC, without its zone. */
    const inSeconds = (seconds: number) =>
      new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

    const nothing = await judge();
    assertEquals(nothing.state, "skipped");
    assertMatch(nothing.found, /no Date header, as under uWSGI, and no agent's heartbeat/);
    heartbeats = [null, inSeconds(-30), inSeconds(-7200)];
    const past = await judge();
    assertEquals(past.state, "skipped");
    assertMatch(past.found, /not ahead of ours.*\(\d+ s ago\); whether it is behind is not known/);
    heartbeats = [inSeconds(-30), inSeconds(7200)];
    const future = await judge();
    assertEquals(future.state, "failed");
    assertMatch(future.found, /its clock is 7[12]\d\d\.\d s ahead of ours/);

    const reading = {
      theirs: Date.now(),
      resolutionMs: 1000,
      askedAt: Date.now(),
      answeredAt: Date.now(),
    };
    const told = await checkNeutronClock(reading, where, new AbortController().signal);
    assertEquals(told.state, "ok");
  }));
