import { keystoneApi, Tokens } from "../../lab/keystone_api.ts";
import { Random } from "../../lab/random.ts";
import { seedCloud } from "../../lab/seed.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { readToken } from "../../lib/openstack/token.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("a token of the lab says whose it is, for which project, with which role and since when", async () => {
  const cloud = seedCloud(new Random(1), { ports: 1, hosts: 1 });
  const app = keystoneApi(cloud, new Tokens(systemClock), "http://lab");
  const body = JSON.stringify({
    auth: { identity: { password: { user: { name: "lab", password: "lab" } } } },
  });
  const response = await app.request("http://lab/auth/tokens", { method: "POST", body });
  const times = { now: systemClock.now(), monotonic: systemClock.monotonic() };
  const { user, project, roles, issuedAt } = await readToken(response, times);
  assertEquals([user, project, roles], ["lab", "admin", ["admin"]]);
  assertEquals(typeof issuedAt, "number");
});
